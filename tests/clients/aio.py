"""A person whose client is aioxmpp. What it does goes through the library's own services."""
import asyncio
import ssl

import aioxmpp
import aioxmpp.adhoc
import aioxmpp.dispatcher
import aioxmpp.entitycaps
import aioxmpp.forms
import aioxmpp.misc
import OpenSSL.SSL

from heard import Field, Info, Mailbox, Ran, Refused, Said, Seen, is_answer, is_notice

if not hasattr(ssl, 'match_hostname'):
    def match_hostname(certificate, host):
        """aioxmpp checks names with a function that Python dropped in 3.12."""
        if ('DNS', host) not in certificate.get('subjectAltName', ()):
            raise ssl.CertificateError('the certificate is not for ' + host)
    ssl.match_hostname = match_hostname


class AioPerson:
    """One client of one account; the same ways as SlixPerson, as far as a person needs them."""

    def __init__(self, server, jid, password, device, friendly=True):
        self.device, self.friendly = device, friendly
        self.peer = aioxmpp.JID.fromstr(device)
        self.said, self.seen = Mailbox('message'), Mailbox('presence')

        def context():
            context = OpenSSL.SSL.Context(OpenSSL.SSL.TLS_CLIENT_METHOD)
            context.load_verify_locations(server.ca)
            return context
        security = aioxmpp.make_security_layer(password)._replace(ssl_context_factory=context)
        where = [('127.0.0.1', server.port, aioxmpp.connector.STARTTLSConnector())]
        self.client = aioxmpp.PresenceManagedClient(aioxmpp.JID.fromstr(jid), security, override_peer=where)
        self.disco = self.client.summon(aioxmpp.DiscoClient)
        self.caps = self.client.summon(aioxmpp.entitycaps.EntityCapsService)
        self.adhoc = self.client.summon(aioxmpp.adhoc.AdHocClient)
        self.roster = self.client.summon(aioxmpp.RosterClient)
        messages = self.client.summon(aioxmpp.dispatcher.SimpleMessageDispatcher)
        messages.register_callback(None, None, self._message)
        presences = self.client.summon(aioxmpp.dispatcher.SimplePresenceDispatcher)
        for type_ in aioxmpp.PresenceType:
            presences.register_callback(type_, self.peer.bare(), self._presence)
            presences.register_callback(type_, self.peer, self._presence)

    async def arrive(self):
        self.online = self.client.connected()
        await asyncio.wait_for(self.online.__aenter__(), 10)
        return self

    async def leave(self):
        await self.online.__aexit__(None, None, None)

    async def __aenter__(self):
        return await self.arrive()

    async def __aexit__(self, *_):
        await self.leave()

    def _message(self, message):
        if message.from_.bare() == self.peer.bare():
            self.said.put(Said(message.body.any() if message.body else None, str(message.to), message.type_.value,
                               message.id_, bool(message.xep0203_delay)))

    def _presence(self, presence):
        caps = presence.xep0115_caps
        status = presence.status.any() if presence.status else ''
        type_ = presence.type_.value or 'available'
        self.seen.put(Seen(type_, presence.show.value or '', status, caps.node if caps else '',
                           caps.ver if caps else ''))
        if type_ == 'subscribe' and self.friendly:
            self.roster.approve(self.peer.bare())
            self.roster.subscribe(self.peer.bare())

    def say(self, text):
        message = aioxmpp.Message(type_=aioxmpp.MessageType.CHAT, to=self.peer)
        message.body[None] = text
        self.client.enqueue(message)

    async def answer(self, seconds=5):
        return (await self.said.take(is_answer, seconds)).body

    async def notice(self, seconds=5):
        return (await self.said.take(is_notice, seconds)).body

    async def ask(self, text):
        self.say(text)
        return await self.answer()

    async def info(self, node=None):
        with refusals():
            info = await self.disco.query_info(self.peer, node=node, require_fresh=True)
        identities = [(i.category, i.type_, i.name, str(i.lang or '')) for i in info.identities]
        forms = [{f.var: list(f.values) for f in form.fields} for form in info.exts]
        return Info(identities, set(info.features), forms)

    async def items(self, node=None):
        with refusals():
            items = await self.disco.query_items(self.peer, node=node, require_fresh=True)
        return [(str(item.jid), item.node, item.name) for item in items.items]

    async def fill(self, node, values, action='complete'):
        """Runs a command as aioxmpp's users do."""
        with refusals():
            session = await self.adhoc.execute(self.peer, node)
            async with session:
                form = session.first_payload
                form.type_ = aioxmpp.forms.DataType.SUBMIT
                for var, value in values.items():
                    next(field for field in form.fields if field.var == var).values[:] = [value]
                await session.proceed(action=aioxmpp.adhoc.xso.ActionType(action))
                return ran(session)

    async def run(self, node):
        """A command's first answer."""
        with refusals():
            session = await self.adhoc.execute(self.peer, node)
            answer = ran(session)
            await session.close()
            return answer


def ran(session):
    notes = session.response.notes
    form = session.first_payload
    fields = [Field(f.var, f.type_.value if f.type_ else None, list(f.values), list(f.options))
              for f in form.fields] if form is not None else []
    return Ran(session.status.value, session.sessionid, notes[0].type_.value if notes else '',
               notes[0].body if notes else '', fields, {action.value for action in session.allowed_actions})


class refusals:
    """Turns the library's errors into ours."""

    def __enter__(self):
        return self

    def __exit__(self, _type, error, _trace):
        if isinstance(error, aioxmpp.errors.XMPPError):
            special = error.application_defined_condition
            raise Refused(error.condition.value[1] if hasattr(error.condition, 'value') else error.condition[1],
                          special.TAG[1] if special is not None else '', error.text or '') from None
