"""Words before Hydra: each file is one verb."""
