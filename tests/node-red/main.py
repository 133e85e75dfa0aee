"""The flow in a real Node-RED: main.py PROGRAM [CASE...]; prints `N passed, M failed` last."""
import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request

import suite
from house import DOMAIN, PASSWORD, POINTS, REPO, World
from suite import case, holds, same, until

PEOPLE = '''
[[contacts]]
jid = "anna@home.example"
role = "owner"
[[contacts]]
jid = "%s@home.example"
role = "operator"
speaks = "json"
[sensors.button]
label = "Button"
sim = { line = "IN2" }
gestures = {}
'''
FLOW = REPO / 'examples/node-red/flow.json'
INSTANCE = '6b61747964696411'
PUMP_ON, PUMP_OFF, LAMP_40, SYNC = '6b61747964696416', '6b61747964696417', '6b6174796469641b', '6b6174796469641c'
OUTPUTS = ['changes', 'events', 'answers', 'there']


class NodeRed:
    """A Node-RED with the flow as it is shipped, but for the account and, at each output, a node that remembers."""

    def __init__(self, directory, server):
        self.dir, self.server = directory / 'node-red', server
        self.dir.mkdir()
        self.process = None
        with socket.socket() as free:
            free.bind(('127.0.0.1', 0))
            self.port = free.getsockname()[1]
        (self.dir / 'settings.js').write_text('''module.exports = {
    uiPort: %d, uiHost: "127.0.0.1", flowFile: "flows.json", functionExternalModules: true,
    logging: { console: { level: "info" } }, telemetry: { enabled: false }, diagnostics: { enabled: false },
};''' % self.port)

    async def start(self):
        # npm runs with these authorities too.
        authorities = [path for path in (self.server.ca, os.environ.get('NODE_EXTRA_CA_CERTS')) if path]
        together = self.dir / 'ca.pem'
        together.write_text(''.join(open(path).read() for path in authorities))
        environment = {**os.environ, 'NODE_EXTRA_CA_CERTS': str(together)}
        with open(self.dir / 'log', 'ab') as log:
            self.process = await asyncio.create_subprocess_exec(
                'node', os.environ['NODE_RED'], '-u', str(self.dir), env=environment, stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, start_new_session=True)
        # It answers before it has loaded its (empty) credentials, and would then forget ours.
        await until(lambda: 'Started flows' in self.log(), 60, 'the start of Node-RED')

    def is_up(self, path='/settings'):
        try:
            return self.http('GET', path)
        except (urllib.error.URLError, ConnectionError):
            return False

    def http(self, method, path, body=None):
        request = urllib.request.Request('http://127.0.0.1:%d%s' % (self.port, path), method=method,
                                         data=None if body is None else json.dumps(body).encode(),
                                         headers={'Content-Type': 'application/json'})
        # Modules that functions want are fetched while it answers.
        with urllib.request.urlopen(request, timeout=60) as answer:
            text = answer.read()
        return json.loads(text) if text.startswith((b'{', b'[')) else text or True

    def import_flow(self, account, device, password=PASSWORD):
        flow = json.loads(FLOW.read_text())
        (instance,) = [node for node in flow if node['id'] == INSTANCE]
        instance['env'] = [{'name': 'JID', 'type': 'str', 'value': '%s@%s' % (account, DOMAIN)},
                           {'name': 'PASSWORD', 'type': 'cred'},
                           {'name': 'DEVICES', 'type': 'str', 'value': device.jid},
                           {'name': 'SERVER', 'type': 'str', 'value': 'xmpp://127.0.0.1:%d' % self.server.port}]
        instance['credentials'] = {'PASSWORD': password}
        for name, wires in zip(OUTPUTS, instance['wires']):
            wires.append('ear-' + name)
            flow.append({'id': 'ear-' + name, 'type': 'function', 'z': instance['z'], 'outputs': 0, 'wires': [],
                         'x': 0, 'y': 0, 'func': 'global.set("%s", [...(global.get("%s") || []), msg]);' % (name, name)})
        (catch,) = [node for node in flow if node['type'] == 'catch']
        catch['wires'][0].append('ear-errors')
        flow.append({'id': 'ear-errors', 'type': 'function', 'z': instance['z'], 'outputs': 0, 'wires': [], 'x': 0, 'y': 0,
                     'func': 'global.set("errors", [...(global.get("errors") || []), { payload: msg.error.message }]);'})
        # What was heard is asked for by a page of its own.
        for node in ({'id': 'page', 'type': 'http in', 'url': '/heard', 'method': 'get', 'wires': [['page-made']]},
                     {'id': 'page-made', 'type': 'function', 'outputs': 1, 'wires': [['page-sent']],
                      'func': 'return { ...msg, payload: %s };' % ', '.join(
                          '%s: global.get("%s") || []' % (name, name) for name in OUTPUTS + ['errors']).join('{}')},
                     {'id': 'page-sent', 'type': 'http response', 'statusCode': '200', 'wires': []}):
            flow.append(node | {'z': instance['z'], 'x': 0, 'y': 0})
        self.http('POST', '/flows', flow)

    def heard(self, name):
        return self.http('GET', '/heard')[name]

    async def until(self, name, seconds=10, **wanted):
        def find():
            return [told for told in self.heard(name) if all(told.get(key) == value for key, value in wanted.items())]
        try:
            return await until(find, seconds, '%s %s' % (name, wanted))
        except AssertionError as error:
            raise AssertionError('%s; there is %s\n%s' % (error, self.heard(name), self.log())) from error

    def press(self, node):
        self.http('POST', '/inject/' + node, {})

    def log(self):
        return (self.dir / 'log').read_text()

    async def stop(self):
        if self.process and self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
            await asyncio.wait_for(self.process.wait(), 20)


async def home(world, **more):
    world.server.add('flow%d' % world.count)
    account = 'flow%d' % world.count
    device = await world.device(PEOPLE % account + POINTS)
    nodered = NodeRed(device.dir, world.server)
    await nodered.start()
    nodered.import_flow(account, device, **more)
    # Before that Node-RED fetches @xmpp/client.
    await until(lambda: nodered.is_up('/heard'), 60, 'the start of the flow')
    return device, nodered


@case
async def the_flow_hears_everything_and_moves_things(world):
    device, nodered = await home(world)
    try:
        await nodered.until('there', payload='online')
        await nodered.until('changes', topic='air', payload=20.5, unit='°C', quality='good')
        await nodered.until('changes', topic='door', payload='closed', active=False)
        await device.poke('set AN1 30.5')
        await nodered.until('changes', topic='air', payload=30.5)
        await device.poke('fail AN1 wire broken')
        await nodered.until('changes', topic='air', payload=None, quality='fault')
        await device.poke('set IN2 1')
        await device.poke('set IN2 0')
        await nodered.until('events', topic='button', payload='click')
        nodered.press(PUMP_ON)
        await nodered.until('answers', topic='pump', payload=True)
        same(await device.level('OUT1'), 'on')
        nodered.press(PUMP_OFF)
        await nodered.until('changes', topic='pump', payload='off')
        nodered.press(LAMP_40)
        await nodered.until('changes', topic='lamp', payload=40)
        count = len(nodered.heard('changes'))
        nodered.press(SYNC)
        await until(lambda: len(nodered.heard('changes')) >= count + 8, 5, 'all points again')

        # The device goes, and comes back.
        await device.stop()
        await nodered.until('there', payload='offline')
        await device.start()
        await until(lambda: nodered.heard('there')[-1]['payload'] == 'online', 10, 'the device’s return')

        # The server goes, and comes back: everything is told again, and orders meanwhile are refused.
        world.server.restart()
        await until(lambda: nodered.heard('there')[-1]['payload'] == 'offline', 10, 'the server’s end')
        nodered.press(PUMP_ON)
        await nodered.until('errors', 5, payload='Error: no connection: nothing was sent')
        await until(lambda: nodered.heard('there')[-1]['payload'] == 'online', 40, 'the new connection')
        await device.poke('set IN1 1')
        await nodered.until('changes', topic='door', payload='open', seconds=20)
        same(await device.level('OUT1'), 'off')
    finally:
        await nodered.stop()


@case
async def a_wrong_password_is_said_and_not_tried_again(world):
    device, nodered = await home(world, password='wrong')
    try:
        await until(lambda: 'not-authorized' in nodered.log(), 60, 'the error in ' + nodered.log())
        await asyncio.sleep(12)
        same(nodered.log().count('not-authorized'), 1)
        holds(nodered.process.returncode is None, 'Node-RED has ended')
        same(nodered.heard('changes'), [])
    finally:
        await nodered.stop()


@case
async def a_server_that_starts_after_node_red_is_found(world):
    world.server.stop()
    try:
        device, nodered = await home(world)
    finally:
        world.server.restart()
    try:
        await nodered.until('there', 60, payload='online')
        await nodered.until('changes', topic='air', payload=20.5)
    finally:
        await nodered.stop()


if __name__ == '__main__':
    suite.main(World(sys.argv[1]), sys.argv[2:])
