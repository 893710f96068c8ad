"""What is decoded from series of regions along a film, region by region."""
