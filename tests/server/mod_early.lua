-- Somebody who writes to a device between its login and the start of stream management (XEP-0198 section 3):
-- Prosody delivers from the moment on at which the resource is bound.
local st = require "util.stanza";

module:hook_tag("urn:xmpp:sm:3", "enable", function (session)
	session.send(st.message({ from = "anna@home.example/katydid", to = session.full_jid, type = "chat" })
		:tag("body"):text("early"));
end, 1000);
