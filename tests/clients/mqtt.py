"""A real Mosquitto on loopback, a listener to everything on it, and the bridge of examples/home-assistant."""
import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys

import paho.mqtt.client as paho

from house import DOMAIN, PASSWORD, REPO
from suite import until

PROGRAM = REPO / 'examples/home-assistant/katydid_mqtt.py'
PATH = os.environ['PATH'] + ':/usr/sbin'


class Broker:
    """`kept` is what somebody who comes now is told: the retained messages, by topic."""

    def __init__(self, directory):
        self.config = directory / 'mosquitto.conf'
        with socket.socket() as free:
            free.bind(('127.0.0.1', 0))
            self.port = free.getsockname()[1]
        self.config.write_text('listener %d 127.0.0.1\nallow_anonymous true\n' % self.port)
        self.process, self.kept, self.events = None, {}, []
        self.client = paho.Client(paho.CallbackAPIVersion.VERSION2)
        self.client.on_connect = lambda client, *_: client.subscribe('#', 1)
        self.client.on_message = self.heard

    def heard(self, _client, _data, said):
        topic, text = said.topic, said.payload.decode()
        if topic.endswith('/events'):
            self.events.append(json.loads(text))
        elif not topic.endswith('/set'):
            self.kept[topic] = text
            if not text:
                del self.kept[topic]

    async def start(self):
        self.process = subprocess.Popen(['mosquitto', '-c', str(self.config)], env={**os.environ, 'PATH': PATH},
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                        start_new_session=True)
        await until(self.is_up, 5, 'the broker’s start')
        if not self.client.is_connected():
            self.client.connect('127.0.0.1', self.port)
            self.client.loop_start()
        return self

    def is_up(self):
        with socket.socket() as attempt:
            return attempt.connect_ex(('127.0.0.1', self.port)) == 0

    def end(self):
        self.process.terminate()
        self.process.wait(5)

    def stop(self):
        self.client.loop_stop()
        self.end()

    def say(self, topic, text, retain=False):
        self.client.publish(topic, text, qos=1, retain=retain)

    async def until(self, topic, text, seconds=10):
        await until(lambda: self.kept.get(topic) == text, seconds, '%s = %s' % (topic, text))

    async def value(self, topic, value, key='value', seconds=10):
        await until(lambda: json.loads(self.kept.get(topic, '{}')).get(key) == value, seconds, '%s: %s' % (topic, value))

    def entities(self):
        """-> {'switch/pump': config} of all that is announced to Home Assistant."""
        found = {re.fullmatch('homeassistant/([a-z_]+)/[^/]+/([^/]+)/config', topic): text
                 for topic, text in self.kept.items()}
        return {'%s/%s' % match.groups(): json.loads(text) for match, text in found.items() if match}


class Bridge:
    def __init__(self, directory, server, account, device, broker):
        secret = directory / 'secret'
        secret.write_text(PASSWORD + '\n')
        self.config, self.logfile, self.process = directory / 'bridge.toml', directory / 'bridge.log', None
        self.config.write_text('''
devices = ["%s"]
[xmpp]
jid = "%s@%s"
password_file = "%s"
server = "127.0.0.1:%d"
ca_file = "%s"
[mqtt]
host = "127.0.0.1"
port = %d
''' % (device.jid, account, DOMAIN, secret, server.port, server.ca, broker.port))

    async def start(self):
        with open(self.logfile, 'ab') as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, str(PROGRAM), str(self.config), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True)
        return self

    def log(self):
        return self.logfile.read_text()

    async def stop(self, number=signal.SIGTERM):
        if self.process.returncode is None:
            self.process.send_signal(number)
        return await asyncio.wait_for(self.process.wait(), 10)
