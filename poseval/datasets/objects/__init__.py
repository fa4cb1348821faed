"""Pose sets from what is in memory: arrays, records of COCO, tables, and objects of other libraries.

None of these libraries is imported. The attributes that their documentation names are read, anything else is
refused.
"""
