#!/usr/bin/env python3
"""Katydid devices as MQTT entities that Home Assistant finds by itself.

    katydid_mqtt.py CONFIG.toml

The bridge is a contact of each device (speaks = "json"). It asks service discovery which points there are, tells Home
Assistant of them by MQTT discovery, publishes every reading as it comes, and passes on what is switched there.
Nothing is kept for later: an order that cannot be passed on now is refused in the log. Set-up: docs/home-assistant.md.

Needs Python 3.11, slixmpp 1.10 and paho-mqtt 2.0, or newer.
"""
import asyncio
import json
import logging
import re
import signal
import sys
import tomllib
from pathlib import Path

import paho.mqtt.client as mqtt
import slixmpp
from slixmpp.exceptions import IqError, IqTimeout

log = logging.getLogger('katydid-mqtt')

ITEMS = '{http://jabber.org/protocol/disco#items}item'
DATA = '{jabber:x:data}'
# Home Assistant's device class, where a unit leaves no doubt.
CLASSES = {'°C': 'temperature', 'V': 'voltage', 'A': 'current', 'W': 'power', 'lx': 'illuminance', 'hPa': 'pressure',
           'Hz': 'frequency'}
EVENTS = ['click', 'double-click', 'triple-click', 'long-press', 'raised', 'repeated', 'acknowledged', 'cleared']
PAUSE = 5
PAUSE_REFUSED = 600
PAUSE_LEARNING = 60


class Broker:
    """The MQTT side. What is told is kept here, and told again after each connection."""

    def __init__(self, config, account, on_order, on_found):
        self.base = config.get('topic', 'katydid')
        self.discovery = config.get('discovery', 'homeassistant')
        self.bridge = '%s/bridge/%s' % (self.base, slug(account))
        self.kept, self.devices = {}, []
        self.on_order, self.on_found = on_order, on_found
        self.loop = asyncio.get_running_loop()
        self.client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id='katydid-' + slug(account))
        self.client.on_connect = lambda _c, _u, _f, code, _p: self.loop.call_soon_threadsafe(self.connected, code)
        self.client.on_disconnect = lambda _c, _u, _f, code, _p: log.warning('MQTT: connection lost: %s', code)
        self.client.on_connect_fail = lambda _c, _u: log.warning('MQTT: the broker is out of reach')
        self.client.on_message = lambda _c, _u, said: self.loop.call_soon_threadsafe(self.heard, said)
        if 'username' in config:
            self.client.username_pw_set(config['username'], secret(config))
        if config.get('tls') or 'ca_file' in config:
            self.client.tls_set(config.get('ca_file'))
        self.client.will_set(self.bridge, 'offline', qos=1, retain=True)
        self.client.reconnect_delay_set(1, 60)
        self.client.connect_async(config.get('host', 'localhost'), config.get('port', 1883), keepalive=30)
        self.client.loop_start()

    def connected(self, code):
        if code.is_failure:
            return log.error('MQTT: the broker refuses: %s', code)
        log.info('MQTT: connected')
        for device in self.devices:
            self.client.subscribe([('%s/%s/+/set' % (self.base, device), 1),
                                   ('%s/+/katydid_%s/+/config' % (self.discovery, device), 1)])
        for topic, payload in self.kept.items():
            self.client.publish(topic, payload, qos=1, retain=True)
        self.client.publish(self.bridge, 'online', qos=1, retain=True)

    def heard(self, said):
        if said.topic.endswith('/set'):
            # A retained order would be obeyed again at each connection.
            if said.retain:
                log.warning('MQTT: a retained order on %s is ignored', said.topic)
            else:
                device, point = said.topic.split('/')[-3:-1]
                self.on_order(device, point, said.payload.decode(errors='replace'))
        elif said.retain and said.payload and said.topic not in self.kept:
            self.on_found(said.topic, said.payload.decode(errors='replace'))

    def keep(self, topic, payload):
        """Publishes a state. An empty one is forgotten."""
        if not isinstance(payload, str):
            payload = json.dumps(payload, ensure_ascii=False)
        self.kept[topic] = payload
        if self.client.is_connected():
            self.client.publish(topic, payload, qos=1, retain=True)
        if not payload:
            del self.kept[topic]

    def event(self, topic, payload):
        self.client.publish(topic, json.dumps(payload, ensure_ascii=False), qos=1)

    def stop(self):
        self.client.publish(self.bridge, 'offline', qos=1, retain=True).wait_for_publish(2)
        self.client.disconnect()
        self.client.loop_stop()


class Device:
    """One Katydid device: what its points are, and what Home Assistant is told of them."""

    def __init__(self, address, broker):
        self.jid, self.broker = slixmpp.JID(address), broker
        if not self.jid.resource:
            self.jid = slixmpp.JID(address + '/katydid')
        self.id, self.name = slug(self.jid.bare), self.jid.user
        self.topic = '%s/%s' % (broker.base, self.id)
        self.points, self.online, self.learning, self.asked_at = None, False, None, -PAUSE_LEARNING
        broker.devices.append(self.id)
        self.is_online(False)

    def is_online(self, online):
        if online != self.online:
            log.info('%s is %s', self.name, 'online' if online else 'offline')
        self.online = online
        self.broker.keep(self.topic + '/availability', 'online' if online else 'offline')

    def announce(self, points):
        """Tells Home Assistant of these points ({name: form}) and of no others."""
        configs = dict(self.entity(point) for point in points.values())
        configs[self.discovery_topic('event', 'events')] = self.entity_base('Events', 'events') | {
            'event_types': EVENTS, 'state_topic': self.topic + '/events'}
        mine = [topic for topic in self.broker.kept if self.announces(topic)]
        for topic in set(mine) - set(configs):
            self.broker.keep(topic, '')
        for name in set(self.points or ()) - set(points):
            self.broker.keep(self.topic + '/' + name, '')
        for topic, config in configs.items():
            self.broker.keep(topic, config)
        self.points = points
        log.info('%s has %d points', self.name, len(points))

    def announces(self, topic):
        return topic.split('/')[-3:-2] == ['katydid_' + self.id]

    def found(self, topic, payload):
        """An earlier run has announced this. What is there no more is taken back, now or once we know."""
        self.broker.keep(topic, payload if self.points is None else '')

    def discovery_topic(self, component, name):
        return '%s/%s/katydid_%s/%s/config' % (self.broker.discovery, component, self.id, name)

    def entity_base(self, label, name):
        gone = [{'topic': self.broker.bridge}, {'topic': self.topic + '/availability'}]
        return {'name': label, 'unique_id': 'katydid_%s_%s' % (self.id, name), 'availability': gone,
                'availability_mode': 'all', 'origin': {'name': 'Katydid'},
                'device': {'identifiers': ['katydid_' + self.id], 'name': self.name, 'manufacturer': 'Katydid'}}

    def entity(self, point):
        """-> topic and config of a point's entity."""
        name, kind, words = point['name'][0], point['kind'][0], point.get('words', [])
        writable = point.get('writable') == ['true']
        state = self.topic + '/' + name
        entity = self.entity_base(point['label'], name)
        entity |= {'state_topic': state, 'json_attributes_topic': state, 'value_template': '{{ value_json.value }}'}
        # A broken or silent point is unavailable, never 0.
        healthy = "{{ 'online' if value_json.quality == 'good' else 'offline' }}"
        entity['availability'].append({'topic': state, 'value_template': healthy})
        if kind == 'switch':
            component = 'switch' if writable else 'binary_sensor'
            entity |= {'payload_off': words[0], 'payload_on': words[1]}
        elif kind == 'choice':
            component = 'select' if writable else 'sensor'
            entity |= {'options': words} | ({} if writable else {'device_class': 'enum'})
        else:
            component = 'number' if writable else 'sensor'
            unit = point.get('unit', [''])[0]
            if unit:
                entity |= {'unit_of_measurement': unit}
            if unit in CLASSES:
                entity |= {'device_class': CLASSES[unit]}
            decimals = int(point.get('decimals', ['0'])[0])
            if writable:
                entity |= {'min': float(point['min'][0]), 'max': float(point['max'][0]),
                           'step': max(10 ** -decimals, 0.001)}
            else:
                entity |= {'state_class': 'measurement', 'suggested_display_precision': decimals}
        if writable:
            entity |= {'command_topic': state + '/set'}
        return self.discovery_topic(component, name), entity

    def told(self, told):
        """A reading or an event that the device tells."""
        if 'event' in told:
            event = {'event_type': told['event'], **{key: told[key] for key in ('point', 'alarm', 'time') if key in told}}
            return self.broker.event(self.topic + '/events', event)
        self.broker.keep(self.topic + '/' + told['point'], told)


class Bridge(slixmpp.ClientXMPP):
    """The XMPP side: one account, a contact of every device."""

    def __init__(self, config):
        account = config['xmpp']
        super().__init__(account['jid'], secret(account))
        self.ca_certs = Path(account['ca_file']) if 'ca_file' in account else None
        host, _, port = account.get('server', '').rpartition(':')
        self.place = (host, int(port)) if host else ()
        if host:
            self.enable_direct_tls = port in ('443', '5223')
            self.enable_starttls = not self.enable_direct_tls
        self.broker = Broker(config.get('mqtt', {}), self.boundjid.bare, self.ordered, self.found)
        devices = [Device(address, self.broker) for address in config['devices']]
        self.devices = {device.jid.bare: device for device in devices}
        self.count, self.asked, self.pause, self.stopping = 0, {}, PAUSE, False
        # Nobody but the devices is any business of ours.
        self.auto_authorize = self.auto_subscribe = False
        self.register_plugin('xep_0030')
        self.register_plugin('xep_0199', {'keepalive': True, 'interval': 60, 'timeout': 20})
        for event, handler in (('session_start', self.started), ('disconnected', self.lost), ('message', self.message),
                               ('message_error', self.bounced), ('failed_all_auth', self.refused),
                               ('connection_failed', lambda why: log.warning('XMPP: no connection: %s', why)),
                               ('presence', self.presence)):
            self.add_event_handler(event, handler)

    def start(self):
        self.connect(*self.place)

    async def started(self, _):
        log.info('XMPP: online as %s', self.boundjid)
        self.pause = PAUSE
        self.send_presence()
        for device in self.devices.values():
            # Its presence says whether it is there; a device grants that to its contacts.
            self.send_presence_subscription(pto=device.jid.bare)
            self.learn(device)

    async def lost(self, why):
        for device in self.devices.values():
            device.is_online(False)
        self.asked.clear()
        if self.stopping:
            return
        log.warning('XMPP: connection lost%s; again in %d s', ': %s' % why if why else '', self.pause)
        await asyncio.sleep(self.pause)
        if not self.is_connected() and not self.is_connecting():
            self.start()

    def refused(self, _):
        log.error('XMPP: the server refuses the password of %s', self.boundjid.bare)
        self.pause = PAUSE_REFUSED

    # What devices are

    def learn(self, device):
        if device.learning is None or device.learning.done():
            device.asked_at = self.loop.time()
            device.learning = asyncio.ensure_future(self.discover(device))

    async def discover(self, device):
        """Finds the device's points (docs/discovery.md), and has it tell them all."""
        try:
            items = await self.plugin['xep_0030'].get_items(jid=device.jid, timeout=20)
            points = {}
            for item in items.xml.iter(ITEMS):
                if (item.get('node') or '').startswith('points/'):
                    info = await self.plugin['xep_0030'].get_info(jid=device.jid, node=item.get('node'), timeout=20)
                    point = {field.get('var'): [value.text or '' for value in field.iter(DATA + 'value')]
                             for field in info.xml.iter(DATA + 'field')}
                    points[point['name'][0]] = point | {'label': item.get('name')}
        except IqTimeout:
            return log.warning('%s does not answer', device.name)
        except IqError as error:
            # Before the device is online, and if we are not among its contacts: it does not say which.
            return log.info('%s cannot be asked yet: %s (is %s one of its contacts?)', device.name, error.condition,
                            self.boundjid.bare)
        device.announce(points)
        self.ask(device, {'sync': True})

    def presence(self, presence):
        device = self.devices.get(presence['from'].bare)
        kind = presence.xml.get('type', 'available')
        if device and presence['from'] == device.jid and kind in ('available', 'unavailable'):
            came = kind == 'available' and not device.online
            device.is_online(kind == 'available')
            if came:
                self.learn(device)

    # What devices tell

    def message(self, message):
        device = self.devices.get(message['from'].bare)
        # What the server has kept for us is old; after a login everything is told anew.
        if not device or message['type'] not in ('chat', 'normal') or message.xml.find('{urn:xmpp:delay}delay') is not None:
            return
        try:
            told = json.loads(message['body'])
            if 'ok' in told:
                self.answered(device, told)
            elif device.points is None or told['point'] not in device.points:
                # New since we asked. The sync that follows will tell it.
                if self.loop.time() > device.asked_at + PAUSE_LEARNING:
                    self.learn(device)
            else:
                device.told(told)
        except (ValueError, KeyError, TypeError):
            log.warning('%s says what is not understood (speaks = "json"?): %.200s', device.name, message['body'])

    def bounced(self, message):
        log.warning('%s: not delivered: %s', message['from'].bare, message['error']['condition'])

    def answered(self, device, told):
        order = self.asked.pop(told.get('id'), None)
        if order is None or 'sync' in told:
            return
        if told['ok']:
            return log.info('%s: %s is %s', device.name, order, told.get('value'))
        log.warning('%s: %s: %s', device.name, order, told.get('error'))
        self.say_again(device)

    # What is asked of devices

    def ask(self, device, question):
        self.count += 1
        self.asked[self.count] = question.get('set')
        while len(self.asked) > 1000:
            del self.asked[next(iter(self.asked))]
        body = json.dumps(question | {'id': self.count}, ensure_ascii=False)
        self.send_message(mto=device.jid, mbody=body, mtype='chat')

    def ordered(self, name, point, value):
        """Somebody switches something in Home Assistant."""
        device = next((device for device in self.devices.values() if device.id == name), None)
        if device is None:
            return log.warning('MQTT: there is no device %s', name)
        if not device.online:
            log.warning('%s: %s to %s: the device is offline, nothing was done', device.name, point, value)
            return self.say_again(device)
        self.ask(device, {'set': point, 'value': value})

    def say_again(self, device):
        """States as they are, for a display that hoped for others."""
        for topic, payload in list(self.broker.kept.items()):
            if topic.startswith(device.topic + '/'):
                self.broker.keep(topic, payload)

    def found(self, topic, payload):
        for device in self.devices.values():
            if device.announces(topic):
                device.found(topic, payload)

    async def stop(self):
        self.stopping = True
        if self.is_connected():
            await self.disconnect()
        self.broker.stop()


def slug(address):
    return re.sub('[^a-zA-Z0-9_-]', '_', str(address))


def secret(table):
    if 'password_file' in table:
        return Path(table['password_file']).read_text().strip()
    return table['password']


async def main(path):
    with open(path, 'rb') as file:
        bridge = Bridge(tomllib.load(file))
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    bridge.start()
    await stop.wait()
    await bridge.stop()


if __name__ == '__main__':
    logging.basicConfig(level=logging.INFO, format='%(levelname)s %(message)s')
    logging.getLogger('slixmpp').setLevel(logging.ERROR)
    if len(sys.argv) != 2:
        sys.exit('usage: katydid_mqtt.py CONFIG.toml')
    asyncio.run(main(sys.argv[1]))
