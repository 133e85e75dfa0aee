"""The Node-RED flow as a file. That it works in Node-RED is for tests/node-red/run."""
import json

from house import REPO
from suite import case, holds, same

PLACE = REPO / 'examples/node-red'


@case
async def the_flow_for_node_red_holds_the_code_beside_it_and_no_wire_ends_nowhere(_world):
    flow = json.loads((PLACE / 'flow.json').read_text())
    (function,) = [node for node in flow if node['type'] == 'function']
    same(function['initialize'], (PLACE / 'katydid.js').read_text())
    same(function['libs'], [{'var': 'xmpp', 'module': '@xmpp/client'}])
    ids = [node['id'] for node in flow]
    same(len(set(ids)), len(ids))
    for node in flow:
        for wire in sum(node.get('wires', []), []):
            holds(wire in ids, '%s is wired to %s' % (node['id'], wire))
    (subflow,) = [node for node in flow if node['type'] == 'subflow']
    same([setting['value'] for setting in subflow['env'] if setting['type'] == 'cred'], [''])
