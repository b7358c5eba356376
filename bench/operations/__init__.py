"""What is measured: an operation a file, with what is sent and what the fields are."""

from bench.operations.add_comment import ADD_COMMENT
from bench.operations.comments_page import COMMENTS_PAGE
from bench.operations.create_post import CREATE_POST
from bench.operations.home_feed import HOME_FEED
from bench.operations.like import LIKE
from bench.operations.profile_page import PROFILE_PAGE
from bench.operations.users_page import USERS_PAGE

OPERATIONS = {
    one.name: one for one in (HOME_FEED, USERS_PAGE, PROFILE_PAGE, COMMENTS_PAGE, LIKE, ADD_COMMENT, CREATE_POST)
}
