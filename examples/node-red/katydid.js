// "On Start" of the function node in flow.json: the connection of one XMPP account to one or more Katydid devices.
// Module @xmpp/client as `xmpp`. Settings are the subflow's: JID, PASSWORD, DEVICES, SERVER.
const JID = (env.get("JID") || "").trim();
const PASSWORD = env.get("PASSWORD");
const DEVICES = (env.get("DEVICES") || "").split(/[\s,]+/).filter(Boolean).map((device) => device.split("/")[0].toLowerCase());
const [USER, DOMAIN] = JID.split("/")[0].split("@");
const TRY_AGAIN = 5000;
const TRY_AGAIN_AT_LAST = 120000;
const REFUSED = 600000;

const say = (colour, text) => node.status({ fill: colour, shape: colour === "green" ? "dot" : "ring", text });
if (!USER || !DOMAIN || !PASSWORD || DEVICES.length === 0) {
    say("red", "not set up");
    return node.error("set the account, its password and the devices in the properties of the katydid node");
}

const { client, xml } = xmpp;
const link = client({
    service: (env.get("SERVER") || "").trim() || DOMAIN,
    domain: DOMAIN,
    timeout: 10000,
    // Neither password nor proof of it without TLS, whatever the server offers.
    credentials: async (authenticate, mechanisms, fast, entity) => {
        if (!entity.isSecure()) throw new Error("the server offers no TLS");
        await authenticate({ username: USER, password: PASSWORD }, mechanisms[0]);
    },
});
// Without resumption (XEP-0198): @xmpp/client 0.14 miscounts stanzas and is thrown out for it, and would send an order
// again after an outage. So pings find out whether the server is still there.
link.prependListener("element", (element) => {
    if (!element.is("features", "http://etherx.jabber.org/streams")) return;
    element.remove("sm", "urn:xmpp:sm:3");
    element.remove("authentication", "urn:xmpp:sasl:2");
});
let hanging = 0;
setInterval(() => {
    if (!online) {
        // An attempt that gets no answer is not given up by itself.
        hanging = link.status === "disconnect" ? 0 : hanging + 1;
        if (hanging > 1 && !stopped) link.disconnect().catch(() => {});
        return;
    }
    hanging = 0;
    const ping = xml("iq", { type: "get", to: DOMAIN }, xml("ping", "urn:xmpp:ping"));
    link.iqCaller.request(ping, 20000).catch((error) => {
        if (error.name === "TimeoutError") link.disconnect().catch(() => {});
    });
}, 60000);
link.reconnect.delay = TRY_AGAIN;
// What fails in here must not end Node-RED.
const on = (event, handler) =>
    link.on(event, (...given) => void Promise.resolve().then(() => handler(...given)).catch((error) => node.error(`${error.message}`)));
let online = false;
let stopped = false;
const there = {};

const available = (device, is, show, status) => {
    if (there[device] === is + show + status) return;
    there[device] = is + show + status;
    node.send([null, null, null, { topic: device, device, payload: is, show, status }]);
};
const away = () => {
    online = false;
    for (const device of DEVICES) available(device, "offline", "", "");
};
const ask = (device, question) =>
    link.send(xml("message", { to: device, type: "chat" }, xml("body", {}, JSON.stringify(question))));

on("online", async (me) => {
    if (stopped) return link.stop();
    online = true;
    link.reconnect.delay = TRY_AGAIN;
    say("green", me.bare().toString());
    await link.send(xml("presence"));
    for (const device of DEVICES) {
        // Its presence says whether it is there; a device grants that to its contacts.
        await link.send(xml("presence", { to: device, type: "subscribe" }));
        await ask(device, { sync: true });
    }
});
on("disconnect", () => {
    away();
    if (stopped) return;
    say("yellow", "no connection, trying again");
    // For the time after the next: this one is planned already.
    if (link.reconnect.delay < TRY_AGAIN_AT_LAST) link.reconnect.delay *= 1.5 + Math.random();
});
on("error", (error) => {
    if (error.name === "SASLError") {
        // A wrong password stays wrong: no hammering.
        link.reconnect.delay = REFUSED;
        link.disconnect().catch(() => {});
    }
    node.error(`XMPP: ${error.message || error}`);
});

on("stanza", (stanza) => {
    const [device, resource] = (stanza.attrs.from || "").split("/");
    if (!DEVICES.includes(device) || !resource) return;
    if (stanza.is("presence")) {
        if (stanza.attrs.type && stanza.attrs.type !== "unavailable") return;
        const is = stanza.attrs.type ? "offline" : "online";
        return available(device, is, stanza.getChildText("show") || "", stanza.getChildText("status") || "");
    }
    // What the server has kept for us is old; after each login everything is told anew.
    if (!stanza.is("message") || stanza.getChild("delay", "urn:xmpp:delay")) return;
    if (stanza.attrs.type === "error") return node.warn(`${device} was not reached`);
    const body = stanza.getChildText("body");
    if (!body) return;
    let told;
    try {
        told = JSON.parse(body);
    } catch {
        return node.warn(`${device} does not speak JSON: is speaks = "json" set for ${JID}?`);
    }
    if ("sync" in told) return;
    if ("ok" in told) return node.send([null, null, { topic: told.point, device, payload: told.ok, ...told }]);
    if ("event" in told) return node.send([null, { topic: told.point, device, payload: told.event, ...told }]);
    node.send([{ topic: told.point, device, payload: told.value, ...told }]);
});

// For "On Message": sends one question, now or not at all.
context.set("ask", (msg) => {
    const device = msg.device || DEVICES[0];
    const question = msg.payload !== null && typeof msg.payload === "object" ? msg.payload : { set: msg.topic, value: msg.payload };
    if (!DEVICES.includes(device)) return Promise.reject(new Error(`${device} is not among the devices of this node`));
    if (!online) return Promise.reject(new Error("no connection: nothing was sent"));
    return ask(device, question);
});
// For "On Stop".
context.set("stop", () => {
    stopped = true;
    link.reconnect.stop();
    link.stop().catch(() => {});
});
say("yellow", "connecting");
link.start().catch(() => {});
