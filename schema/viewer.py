"""What is the viewer's alone."""

import strawberry

from schema.user import User


@strawberry.type(description="You: what only you may see.")
class Viewer:
    user: User = strawberry.field(description="You, as everyone sees you.")
    email: str = strawberry.field(description="Where mail for you goes; you can sign in with it.")
    is_email_confirmed: bool = strawberry.field(description="Whether a link in a mail to that address was followed.")
    has_password: bool = strawberry.field(description="Whether you can sign in with a password.")
