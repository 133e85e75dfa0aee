"""What a client heard from the device, whatever library it uses."""
import asyncio
from dataclasses import dataclass, field


@dataclass
class Said:
    """A message. `to` is the bare or full address it was sent to: answers go to the full one, notices to the bare.
    `late` ones the server had kept since an earlier case."""
    body: str
    to: str
    type: str
    id: str = ''
    late: bool = False
    xml: object = None


@dataclass
class Seen:
    """A presence; `type` is available, unavailable, subscribe, subscribed, unsubscribe or unsubscribed."""
    type: str
    show: str = ''
    status: str = ''
    node: str = ''
    ver: str = ''


@dataclass
class Ran:
    """A command's answer. `form` is a list of Field."""
    status: str
    session: str = ''
    note_type: str = ''
    note: str = ''
    form: list = field(default_factory=list)
    actions: set = field(default_factory=set)

    def field(self, var):
        return next(field for field in self.form if field.var == var)


@dataclass
class Field:
    var: str
    type: str
    values: list
    options: list = field(default_factory=list)
    range: tuple = None
    required: bool = False


@dataclass
class Info:
    """A disco#info answer: identities as (category, type, name, language), features, forms as {var: values}."""
    identities: list
    features: set
    forms: list


class Unheard(AssertionError):
    """What was waited for did not come."""


class Refused(Exception):
    """A stanza error: its condition, and the application's own one if there is one."""

    def __init__(self, condition, special='', text=''):
        super().__init__(condition, special, text)
        self.condition, self.special, self.text = condition, special, text


def is_notice(said):
    return said.body is not None and not said.late and '/' not in said.to


def is_answer(said):
    return said.body is not None and '/' in said.to


class Mailbox:
    """Things in the order they came, to be taken by what they are."""

    def __init__(self, what, patience=5):
        self.what, self.patience = what, patience
        self.items = []
        self.waiting = []

    def put(self, item):
        self.items.append(item)
        for future in self.waiting:
            if not future.done():
                future.set_result(None)
        self.waiting.clear()

    async def take(self, wanted=lambda item: True, seconds=None):
        """Waits for the first item that is `wanted` and removes it."""
        seconds = seconds or self.patience
        end = asyncio.get_running_loop().time() + seconds
        while True:
            for item in self.items:
                if wanted(item):
                    self.items.remove(item)
                    return item
            future = asyncio.get_running_loop().create_future()
            self.waiting.append(future)
            try:
                await asyncio.wait_for(future, end - asyncio.get_running_loop().time())
            except asyncio.TimeoutError:
                raise Unheard('no such %s within %s s; there are: %r' % (self.what, seconds, self.items)) from None

    async def none(self, wanted=lambda item: True, seconds=0.5):
        """Fails if a `wanted` item is there or comes within `seconds`."""
        await asyncio.sleep(seconds)
        found = [item for item in self.items if wanted(item)]
        if found:
            raise AssertionError('unwanted %s: %r' % (self.what, found))
