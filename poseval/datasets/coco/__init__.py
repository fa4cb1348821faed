"""COCO keypoints: ground truth, results, and the forms that are written like them."""
