"""Raw events in Parquet files, before they expire, and back."""
