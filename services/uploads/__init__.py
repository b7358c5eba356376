"""Uploads: announced here, sent straight to object storage, looked at when they are said to be there, and made into
pictures and films by a worker. An upload is its owner's alone; what came of it is shown by what it is attached to."""
