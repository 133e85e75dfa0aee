"""What a client finds when it looks around."""
from heard import Refused
from slix import COMMANDS
from suite import case, holds, same, with_both

OWNERS_COMMANDS = ['status', 'read', 'pump', 'lamp', 'fan', 'valve', 'pump-pulse', 'valve-pulse']
POINTS = ['door', 'air', 'soil', 'pump', 'lamp', 'fan', 'valve']


async def refusal(awaitable):
    try:
        answer = await awaitable
    except Refused as refused:
        return refused
    raise AssertionError('it was not refused, but answered %r' % (answer,))


@with_both
async def the_commands_are_listed_under_the_full_address(world, kind):
    anna = await world.anna(kind)
    items = await anna.items(COMMANDS)
    same({jid for jid, _, _ in items}, {anna.device})
    same([node for _, node, _ in items], OWNERS_COMMANDS)
    same(dict((node, name) for _, node, name in items)['pump-pulse'], 'Water pump (pulse)')


@with_both
async def every_command_says_what_it_is(world, kind):
    anna = await world.anna(kind)
    for node in OWNERS_COMMANDS:
        info = await anna.info(node)
        same([i[:2] for i in info.identities], [('automation', 'command-node')], node)
        holds({COMMANDS, 'jabber:x:data'} <= info.features, '%s lacks features: %r' % (node, info.features))
        same(await anna.items(node), [])
    same([i[:2] for i in (await anna.info(COMMANDS)).identities], [('automation', 'command-list')])


@with_both
async def the_points_are_listed_and_describe_themselves(world, kind):
    anna = await world.anna(kind)
    items = await anna.items()
    same([node for _, node, _ in items], ['points/' + name for name in POINTS])
    lamp = await anna.info('points/lamp')
    same([i[:3] for i in lamp.identities], [('device', 'actuator', 'Front light')])
    form = {var: values for var, values in lamp.forms[0].items() if var != 'FORM_TYPE'}
    same(form, {'name': ['lamp'], 'writable': ['true'], 'kind': ['number'], 'unit': ['%'], 'decimals': ['0'],
                'min': ['0'], 'max': ['100']})
    fan = (await anna.info('points/fan')).forms[0]
    same((fan['kind'], fan['words']), (['choice'], ['off', 'low', 'high']))
    door = await anna.info('points/door')
    same([i[:3] for i in door.identities], [('device', 'sensor', 'Front door')])
    same((door.forms[0]['writable'], door.forms[0]['words']), (['false'], ['closed', 'open']))


@with_both
async def what_does_not_exist_is_not_found(world, kind):
    anna = await world.anna(kind)
    for node in ('nonsense', 'points/nonsense', 'points/', 'door-pulse', 'https://katydid.example#bm9uc2Vuc2U='):
        same((await refusal(anna.info(node))).condition, 'item-not-found', node)
        same((await refusal(anna.items(node))).condition, 'item-not-found', node)


@case
async def everyday_questions_are_answered(world):
    anna = await world.anna()
    version = await anna.request('<query xmlns="jabber:iq:version"/>')
    same(version.findtext('{jabber:iq:version}name'), 'Katydid')
    same(version.find('{jabber:iq:version}os'), None, 'the operating system')
    time = await anna.request('<time xmlns="urn:xmpp:time"/>')
    holds((time.findtext('{urn:xmpp:time}utc') or '').endswith('Z'), 'no time')
    last = await anna.request('<query xmlns="jabber:iq:last"/>')
    holds(0 <= int(last.get('seconds')) < 3600, 'up for %s s' % last.get('seconds'))
    same(await anna.request('<ping xmlns="urn:xmpp:ping"/>'), None)
    unknown = await refusal(anna.request('<query xmlns="urn:example:unknown"/>'))
    same(unknown.condition, 'service-unavailable')
