"""What pictures are judged by: a score of nudity, and hashes by which a removed one is known again."""
