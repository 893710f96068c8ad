"""Words before the settings: layers, verify, ..."""
