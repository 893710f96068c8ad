"""Pictures that are no files of a folder: objects at an address, members of tars, rows of Parquet."""
