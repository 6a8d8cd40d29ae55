"""Two people with matrix-nio and its cryptography; prints what each of them saw as one JSON object.

Arguments: the server's address, a folder for the keys of the devices.
"""

import asyncio
import json
import sys
from io import BytesIO
from pathlib import Path

import nio

CONFIG = nio.AsyncClientConfig(encryption_enabled=True, store_sync_tokens=True)
PASSWORD = "a long password"
FILE = b"a file that nobody else can read" * 1000


def fine(answer):
    """Every answer that nio calls an error, or cannot parse, ends the journey."""
    if isinstance(answer, nio.ErrorResponse):
        raise RuntimeError(f"{type(answer).__name__}: {answer}")
    return answer


async def until(what, look, client):
    """Syncs until `look` finds something."""
    for _ in range(100):
        found = look()
        if found:
            return found
        await sync(client)
    raise RuntimeError(f"there was still no {what}")


async def sync(client):
    """What nio's own loop does in each round."""
    fine(await client.sync(timeout=500, full_state=client.next_batch is None))
    if client.should_upload_keys:
        fine(await client.keys_upload())
    if client.should_query_keys:
        fine(await client.keys_query())
    if client.should_claim_keys:
        fine(await client.keys_claim(client.get_users_for_key_claiming()))
    for answer in await client.send_to_device_messages():
        fine(answer)


class Person:
    """A user's device, and what it has been shown."""

    def __init__(self, client):
        self.client = client
        self.events = []
        self.typing = []
        self.receipts = []
        client.add_event_callback(lambda _room, event: self.events.append(event), nio.Event)
        client.add_ephemeral_callback(lambda _room, event: self.typing.append(event.users), nio.TypingNoticeEvent)
        client.add_ephemeral_callback(
            lambda _room, event: self.receipts.extend(event.receipts), nio.ReceiptEvent
        )

    def found(self, event_id):
        return next((e for e in self.events if e.event_id == event_id and not isinstance(e, nio.MegolmEvent)), None)

    async def event(self, event_id):
        return await until(event_id, lambda: self.found(event_id), self.client)

    async def send(self, room_id, content, kind="m.room.message"):
        answer = await self.client.room_send(room_id, kind, content, ignore_unverified_devices=True)
        return fine(answer).event_id

    async def say(self, room_id, body):
        return await self.send(room_id, {"msgtype": "m.text", "body": body})


async def register(url, name, store):
    client = nio.AsyncClient(url, name, store_path=str(store), config=CONFIG)
    fine(await client.register(name, PASSWORD, f"{name}'s first"))
    client.load_store()
    person = Person(client)
    await sync(client)
    return person


async def login(url, user_id, store):
    client = nio.AsyncClient(url, user_id, store_path=str(store), config=CONFIG)
    fine(await client.login(PASSWORD, "another"))
    person = Person(client)
    await sync(client)
    return person


def has(client, room, user_id):
    return room in client.rooms and user_id in client.rooms[room].users


async def talk(alice, bob):
    """An encrypted room of two; returns its id and what was said."""
    room = fine(
        await alice.client.room_create(
            name="The workshop",
            invite=[bob.client.user_id],
            initial_state=[nio.EnableEncryptionBuilder().as_dict()],
        )
    ).room_id
    await until("invitation", lambda: room in bob.client.invited_rooms, bob.client)
    fine(await bob.client.join(room))
    await until("room", lambda: room in bob.client.rooms and bob.client.rooms[room].encrypted, bob.client)
    await until("Bob in the room", lambda: has(alice.client, room, bob.client.user_id), alice.client)
    said = await alice.say(room, "Do you read me?")
    heard = await bob.event(said)
    answered = await bob.say(room, "Loud and clear.")
    answer = await alice.event(answered)
    return room, said, {
        "name": bob.client.rooms[room].display_name,
        "said": [heard.body, heard.sender, heard.decrypted],
        "answered": [answer.body, answer.sender, answer.decrypted],
    }


async def react(alice, bob, room, said):
    """Typing, receipts, reactions, redactions."""
    fine(await bob.client.room_typing(room, True))
    typing = await until("typing", lambda: alice.typing, alice.client)
    fine(await bob.client.room_read_markers(room, said, said))
    receipt = await until("receipt", lambda: [r for r in alice.receipts if r.event_id == said], alice.client)
    relation = {"rel_type": "m.annotation", "event_id": said, "key": "👍"}
    reaction = await bob.send(room, {"m.relates_to": relation}, "m.reaction")
    seen = await alice.event(reaction)
    slip = await alice.say(room, "a slip of the tongue")
    await bob.event(slip)
    fine(await alice.client.room_redact(room, slip, "not so"))
    redacted = fine(await bob.client.room_get_event(room, slip)).event
    return {
        "typing": typing[-1],
        "receipt": [receipt[0].user_id, receipt[0].receipt_type],
        "reaction": [seen.key, seen.reacts_to == said],
        "redacted": [type(redacted).__name__, redacted.reason],
    }


async def share(alice, bob, room):
    """An encrypted file."""
    upload, keys = await alice.client.upload(
        lambda *_: BytesIO(FILE), "application/octet-stream", "plan", encrypt=True, filesize=len(FILE)
    )
    file = {"url": fine(upload).content_uri, **keys}
    sent = await alice.send(room, {"msgtype": "m.file", "body": "plan", "file": file})
    event = await bob.event(sent)
    stored = fine(await bob.client.download(event.url)).body
    plain = nio.crypto.decrypt_attachment(stored, event.key["k"], event.hashes["sha256"], event.iv)
    return {"arrived": plain == FILE, "encrypted": stored != FILE and len(stored) == len(FILE)}


async def read_back(url, alice, room, store):
    """A second device sees the history as it is stored, and everything from then on."""
    second = await login(url, alice.client.user_id, store)
    devices = fine(await second.client.devices()).devices
    page = fine(await second.client.room_messages(room, limit=100, direction=nio.MessageDirection.back))
    bodies = [event for event in page.chunk if isinstance(event, nio.MegolmEvent)]
    return second, {"devices": len(devices), "locked": len(bodies), "pageEnds": page.end is None}


async def main(url, folder):
    people = []
    try:
        for name in ["alice", "bob"]:
            store = folder / name
            store.mkdir()
            people.append(await register(url, name, store))
        alice, bob = people
        room, said, talked = await talk(alice, bob)
        reacted = await react(alice, bob, room, said)
        shared = await share(alice, bob, room)
        store = folder / "alice-second"
        store.mkdir()
        second, history = await read_back(url, alice, room, store)
        people.append(second)
        # Bob learns of the new device by itself and shares his keys with it.
        await sync(bob.client)
        to_both = await bob.say(room, "to both of you")
        both = [(await person.event(to_both)).body for person in (alice, second)]
        token = second.client.access_token
        fine(await second.client.logout())
        second.client.access_token = token
        gone = await second.client.whoami()
        print(
            json.dumps(
                {
                    "room": room,
                    "said": said,
                    "talked": talked,
                    "reacted": reacted,
                    "shared": shared,
                    "history": history,
                    "both": both,
                    "afterLogout": getattr(gone, "status_code", None),
                }
            )
        )
    finally:
        for person in people:
            await person.client.close()


asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
