"""A person whose client is slixmpp; also the one for stanzas that no good client would send."""
import asyncio
import xml.etree.ElementTree as ET
from pathlib import Path

import slixmpp
from slixmpp.exceptions import IqError
from slixmpp.xmlstream.handler import Callback
from slixmpp.xmlstream.matcher import MatchXPath

from heard import Field, Info, Mailbox, Ran, Refused, Said, Seen, is_answer, is_notice

COMMANDS = 'http://jabber.org/protocol/commands'
DATA = 'jabber:x:data'
VALIDATE = 'http://jabber.org/protocol/xdata-validate'
LANG = '{http://www.w3.org/XML/1998/namespace}lang'
CAPS = 'http://jabber.org/protocol/caps'


class SlixPerson(slixmpp.ClientXMPP):
    """One client of one account. `device` is the full address of the device it talks with."""
    # Seconds that the device may take for an answer or a notice.
    patience = 5

    def __init__(self, server, jid, password, device, friendly=True):
        super().__init__(jid, password)
        self.house, self.device = server, device
        self.ca_certs = Path(server.ca)
        self.enable_direct_tls = False
        # A friendly client lets the device subscribe and subscribes back, as slixmpp does by itself.
        self.auto_authorize = True if friendly else None
        self.auto_subscribe = friendly
        self.said, self.seen = Mailbox('message', self.patience), Mailbox('presence', self.patience)
        for plugin in ('xep_0004', 'xep_0030', 'xep_0050', 'xep_0115', 'xep_0199'):
            self.register_plugin(plugin)
        self.register_handler(Callback('messages', MatchXPath('{jabber:client}message'), self._message))
        self.register_handler(Callback('presences', MatchXPath('{jabber:client}presence'), self._presence))

    async def arrive(self, available=True):
        started = asyncio.get_running_loop().create_future()
        self.add_event_handler('session_start', lambda _: started.done() or started.set_result(None))
        self.add_event_handler('failed_all_auth', lambda _: started.done() or started.set_exception(
            AssertionError('%s could not log in' % self.boundjid)))
        self.connect('127.0.0.1', self.house.port)
        await asyncio.wait_for(started, 10)
        await self.get_roster()
        if available:
            self.send_presence()
        return self

    async def leave(self):
        filters = self._run_out_filters
        if self.is_connected():
            await self.disconnect()
        # slixmpp leaves this task to the garbage collector, which complains.
        filters.cancel()
        await asyncio.wait([filters], timeout=1)

    async def __aenter__(self):
        return await self.arrive()

    async def __aexit__(self, *_):
        await self.leave()

    def _of_device(self, stanza):
        return stanza['from'].bare == self.device.split('/')[0]

    def _message(self, message):
        if self._of_device(message):
            xml = message.xml
            body = xml.find('{jabber:client}body')
            body = None if body is None else body.text
            self.said.put(Said(body, str(message['to']), xml.get('type', 'normal'), xml.get('id', ''),
                               xml.find('{urn:xmpp:delay}delay') is not None, xml))

    def _presence(self, presence):
        if self._of_device(presence):
            xml = presence.xml
            caps = xml.find('{%s}c' % CAPS)
            caps = {} if caps is None else caps.attrib
            text = {name: xml.findtext('{jabber:client}' + name) or '' for name in ('show', 'status')}
            self.seen.put(Seen(xml.get('type', 'available'), text['show'], text['status'],
                               caps.get('node', ''), caps.get('ver', '')))

    # Talking

    def say(self, text, to=None):
        self.send_message(mto=to or self.device, mbody=text, mtype='chat')

    async def answer(self, seconds=None):
        """The next answer to something this client said."""
        return (await self.said.take(is_answer, seconds)).body

    async def notice(self, seconds=None):
        """The next thing the device said of its own accord."""
        return (await self.said.take(is_notice, seconds)).body

    async def ask(self, text):
        self.say(text)
        return await self.answer()

    def send_xml(self, text):
        """Sends a stanza as written; {device} stands for the device's address."""
        self.send_raw(text.replace('{device}', self.device))

    # Requests

    async def request(self, payload, type_='get', to=None):
        """Sends a payload (text) in an iq; -> the answer's payload. Raises Refused."""
        iq = self.make_iq(itype=type_, ito=to or self.device)
        iq.append(ET.fromstring(payload))
        try:
            answer = await iq.send(timeout=self.patience)
        except IqError as error:
            xml = error.iq.xml.find('{jabber:client}error')
            names = [child.tag.split('}') for child in xml if not child.tag.endswith('}text')]
            standard = [name for ns, name in names if ns.endswith('xmpp-stanzas')]
            special = [name for ns, name in names if not ns.endswith('xmpp-stanzas')]
            text = xml.findtext('{urn:ietf:params:xml:ns:xmpp-stanzas}text') or ''
            raise Refused(standard[0], special[0] if special else '', text) from None
        return next(iter(answer.xml), None)

    async def info(self, node=None):
        query = await self.request('<query xmlns="http://jabber.org/protocol/disco#info"%s/>' % attribute('node', node))
        ns = '{http://jabber.org/protocol/disco#info}'
        identities = [(i.get('category'), i.get('type'), i.get('name'), i.get(LANG)) for i in query.iter(ns + 'identity')]
        forms = [{f.var: f.values for f in fields(form)} for form in query.iter('{%s}x' % DATA)]
        return Info(identities, {f.get('var') for f in query.iter(ns + 'feature')}, forms)

    async def items(self, node=None):
        """-> [(jid, node, name)]"""
        query = await self.request('<query xmlns="http://jabber.org/protocol/disco#items"%s/>' % attribute('node', node))
        return [(item.get('jid'), item.get('node'), item.get('name')) for item in query]

    async def command(self, node, action=None, session=None, fields=None):
        """One request of a command, exactly as given; `fields` is [(var, [values])] or None for no form."""
        form = ''
        if fields is not None:
            form = '<x xmlns="%s" type="submit">%s</x>' % (DATA, ''.join(
                '<field%s>%s</field>' % (attribute('var', var), ''.join('<value>%s</value>' % v for v in values))
                for var, values in fields))
        payload = '<command xmlns="%s" node="%s"%s%s>%s</command>' % (
            COMMANDS, node, attribute('action', action), attribute('sessionid', session), form)
        return ran(await self.request(payload, 'set'))

    async def fill(self, node, values, action='complete'):
        """Gets a command's form and sends it back with these values; -> the last answer."""
        first = await self.command(node, 'execute')
        return await self.command(node, action, first.session, [(var, [value]) for var, value in values.items()])


def attribute(name, value):
    return '' if value is None else ' %s="%s"' % (name, value)


def ran(xml):
    ns = '{%s}' % COMMANDS
    note, form, actions = xml.find(ns + 'note'), xml.find('{%s}x' % DATA), xml.find(ns + 'actions')
    return Ran(xml.get('status'), xml.get('sessionid'),
               '' if note is None else note.get('type'), '' if note is None else note.text or '',
               [] if form is None else fields(form),
               set() if actions is None else {child.tag.split('}')[1] for child in actions})


def fields(form):
    def one(xml):
        of = lambda name: xml.findall('{%s}%s' % (DATA, name))
        limits = xml.find('.//{%s}range' % VALIDATE)
        return Field(xml.get('var'), xml.get('type'), [v.text or '' for v in of('value')],
                     [o.findtext('{%s}value' % DATA) for o in of('option')],
                     None if limits is None else (limits.get('min'), limits.get('max')), bool(of('required')))
    return [one(xml) for xml in form.findall('{%s}field' % DATA)]
