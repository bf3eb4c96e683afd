"""Refusals of Telegram that upstream's library knows, and how it shows them.

Upstream: gopkg.in/telebot.v3 errors.go.
"""

from __future__ import annotations

MIGRATED = "Bad Request: group chat was upgraded to a supergroup chat"
_BAD_REQUEST = "Bad Request: "
_FORBIDDEN = "Forbidden: "
_PLAIN = {
    "Request Entity Too Large": 400,
    "Unauthorized": 401,
    "Not Found": 404,
    "Internal Server Error": 500,
}
_BAD_REQUESTS = frozenset(
    {
        "BUTTON_DATA_INVALID",
        "CHANNELS_TOO_MUCH",
        "HIDE_REQUESTER_MISSING",
        "USER_CHANNELS_TOO_MUCH",
        "USER_ID_INVALID",
        "administrators of the chat restricted message forwarding",
        "can't remove chat owner",
        "can't upload file by URL",
        "can't use the media of the specified type in the album",
        "chat description is not modified",
        "chat not found",
        "chat_id is empty",
        "expected an Array of String as options",
        "failed to get HTTP URL content",
        "group chat was upgraded to a supergroup chat",
        "have no rights to send a message",
        "invalid sticker emojis",
        "invalid sticker set name is specified",
        "message can't be deleted",
        "message can't be edited",
        "message is not modified",
        "message is not modified: specified new message content and reply markup are "
        "exactly the same as a current content and reply markup of the message",
        "message is too long",
        "message must be non-empty",
        "message to delete not found",
        "message to forward not found",
        "not enough rights to restrict/unrestrict chat member",
        "not enough rights to send photos to the chat",
        "not enough rights to send stickers to the chat",
        "query is too old and response timeout expired or query ID is invalid",
        "reply markup is too long",
        "reply message not found",
        "sticker set name is already occupied",
        "text is empty",
        "user is an administrator of the chat",
        "wrong HTTP URL specified",
        "wrong file identifier/HTTP URL specified",
        "wrong remote file id specified: Wrong character in the string",
        "wrong remote file id specified: Wrong padding in the string",
        "wrong remote file id specified: Wrong string length",
        "wrong remote file id specified: can't unserialize it. Wrong last symbol",
        "wrong type of the web page content",
    }
)
_IN_OTHER_WORDS = {
    "CHAT_SEND_GIFS_FORBIDDEN": "sending GIFS is not allowed in this chat",
    "IMAGE_PROCESS_FAILED": "Image process failed",
    "STICKERSET_INVALID": "Stickerset is invalid",
    "USER_ALREADY_PARTICIPANT": "User is already a participant",
}
_FORBIDDEN_THINGS = frozenset(
    {
        "bot can't initiate conversation with a user",
        "bot is not a member of the channel chat",
        "bot was blocked by the user",
        "bot was kicked from the channel chat",
        "bot was kicked from the group chat",
        "bot was kicked from the supergroup chat",
        "user is deactivated",
    }
)


def refusal(description: str) -> tuple[str, int] | None:
    """Text and code of a refusal that the library knows; None for another.

    Its code is fixed, whatever the answer says.
    """
    if (code := _PLAIN.get(description)) is not None:
        return description, code
    if description.startswith(_BAD_REQUEST):
        return _bad_request(description.removeprefix(_BAD_REQUEST), description)
    if description.startswith(_FORBIDDEN):
        why = description.removeprefix(_FORBIDDEN)
        return (why, 403) if why in _FORBIDDEN_THINGS else None
    return None


def _bad_request(why: str, description: str) -> tuple[str, int] | None:
    if (shown := _IN_OTHER_WORDS.get(why)) is not None:
        return shown, 400
    if why not in _BAD_REQUESTS:
        return None
    # A second colon keeps the whole text.
    return (description if ": " in why else why), 400
