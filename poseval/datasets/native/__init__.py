"""poseval's own columnar files, .npz and Parquet."""
