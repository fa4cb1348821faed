"""Ultralytics YOLO-pose."""
