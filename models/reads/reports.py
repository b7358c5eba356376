"""Reports, on the shard of what is reported."""

# $1 ids of reports
REPORTS_BY_ID = """
    SELECT id, subject_kind, subject_id, reporter_id, reason, details, status FROM reports WHERE id = ANY($1)
"""
