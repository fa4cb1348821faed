"""Challenges: one description, one judge, and what the engines that run challenges need of both."""
