"""PoseTrack17, PoseTrack18 and PoseTrack21."""
