"""Scores millions of pictures into a folder of Parquet files, on one machine or on a Ray cluster.

`sources` lists the pictures once, `results` keeps that list and writes one file per part of it,
`rows` turns pictures into rows, `executors` distributes the work to local processes or Ray.
"""
