"""Ids that come as arguments of mutations."""

from core.errors import not_found
from models.global_ids import NodeKind, decode_as

_NOUNS = {
    NodeKind.USER: "person",
    NodeKind.POST: "post",
    NodeKind.COMMENT: "comment",
    NodeKind.UPLOAD: "upload",
    NodeKind.COLLECTION: "collection",
}


def number_of(kind: NodeKind, global_id: str, *field: str) -> int:
    """Raises UserFault (NOT_FOUND) for an id of another kind, and RequestFault (BAD_ID) for what is no id."""
    number = decode_as(kind, global_id)
    if number is None:
        raise not_found(_NOUNS[kind], *field)
    return number
