"""How a device and its owner become contacts, and what the owner's contact list then shows."""
import base64
import hashlib

from aioxmpp.entitycaps import caps115

from house import DOMAIN, POINTS
from suite import case, holds, same, until, with_both


def owned_by(name, rest=''):
    return '[[contacts]]\njid = "%s@%s"\nrole = "owner"\n%s%s' % (name, DOMAIN, rest, POINTS)


@with_both
async def a_new_device_asks_to_be_a_contact_and_is_seen_at_once(world, kind):
    owner = 'owner-' + kind
    world.server.add(owner)
    device = await world.device(owned_by(owner), start=False)
    person = await world.person(kind, owner, device, wait=False)
    await device.start()
    await person.seen.take(lambda seen: seen.type == 'subscribe', 10)
    seen = await person.seen.take(lambda seen: seen.type == 'available' and seen.status, 10)
    same(seen.show, '', 'a device that is well')
    same(seen.status, 'Front door closed · Air 20.5 °C · Soil 40% · Water pump off · Front light 0% · Fan off · '
         'Valve closed')


@case
async def our_own_subscription_is_approved(world):
    world.server.add('newcomer')
    device = await world.device(owned_by('newcomer'))
    person = await world.person('slixmpp', 'newcomer', device, friendly=False)
    person.send_presence_subscription(pto=device.jid, ptype='subscribe')
    await person.seen.take(lambda seen: seen.type == 'subscribed')
    await person.seen.take(lambda seen: seen.type == 'available' and seen.ver)


@case
async def a_subscription_sent_while_the_device_was_off_is_approved_when_it_comes(world):
    world.server.add('early')
    device = await world.device(owned_by('early'), start=False)
    person = await world.person('slixmpp', 'early', device, friendly=False)
    person.send_presence_subscription(pto=device.jid, ptype='subscribe')
    await device.start()
    await person.seen.take(lambda seen: seen.type == 'available' and seen.ver, 10)


@case
async def nobody_is_asked_twice_to_be_a_contact(world):
    world.server.add('calm')
    device = await world.device(owned_by('calm'), start=False)
    person = await world.person('slixmpp', 'calm', device, wait=False)
    await device.start()
    await person.seen.take(lambda seen: seen.type == 'subscribe', 10)
    await person.seen.take(lambda seen: seen.type == 'available' and seen.status, 10)
    await device.stop()
    await person.seen.take(lambda seen: seen.type == 'unavailable')
    await device.start()
    await person.seen.take(lambda seen: seen.type == 'available' and seen.status, 10)
    await person.seen.none(lambda seen: seen.type == 'subscribe')


@with_both
async def the_caps_hash_in_presence_is_that_of_the_info(world, kind):
    anna = await world.person(kind, 'anna', wait=False)
    seen = await anna.seen.take(lambda seen: seen.type == 'available' and seen.ver)
    for node in (None, '%s#%s' % (seen.node, seen.ver)):
        info = await anna.info(node)
        same(info.forms, [], 'forms in the device’s info')
        text = ''.join('%s/%s/%s/%s<' % (category, type_, language or '', name)
                       for category, type_, name, language in info.identities)
        text += ''.join(f + '<' for f in sorted(info.features))
        same(base64.b64encode(hashlib.sha1(text.encode()).digest()).decode(), seen.ver, 'the hash for node %s' % node)


@case
async def slixmpp_accepts_the_hash_by_its_own_check(world):
    anna = await world.person('slixmpp', 'anna', wait=False)
    seen = await anna.seen.take(lambda seen: seen.type == 'available' and seen.ver)

    async def accepted():
        return await anna['xep_0115'].get_verstring(anna.device) == seen.ver
    await until(accepted, about='slixmpp’s trust in the hash')


@case
async def aioxmpp_accepts_the_hash_by_its_own_check(world):
    anna = await world.person('aioxmpp', 'anna', wait=False)
    seen = await anna.seen.take(lambda seen: seen.type == 'available' and seen.ver)
    node = '%s#%s' % (seen.node, seen.ver)
    info = await anna.disco.query_info(anna.peer, node=node, require_fresh=True, no_cache=True)
    holds(caps115.Key('sha-1', node).verify(info), 'aioxmpp does not accept the hash')
