"""Bytes people keep: report sheets, workbooks and tables, made from plain values."""
