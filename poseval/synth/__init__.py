"""A seeded world of articulated people with exact truth."""
