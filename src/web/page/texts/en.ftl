# The words of the page. A block for each part; keys begin with its name.

# Around every page
shell-skip = Skip to the content
shell-nav = Pages
shell-undo = Undo
shell-log-out = Log out
role-admin = administrator
role-owner = owner
tab-overview = Overview
tab-aliases = Aliases
tab-messages = Messages
tab-domains = Domains
tab-tokens = Tokens
tab-accounts = Accounts
tab-sessions = Sessions

# Times
ago-now = just now
ago-minutes = { $count ->
    [one] a minute ago
   *[other] { $count } minutes ago
}
ago-hours = { $count ->
    [one] an hour ago
   *[other] { $count } hours ago
}
ago-days = { $count ->
    [one] a day ago
   *[other] { $count } days ago
}

# Getting in
login-title = Log in
login-how = There are no passwords here. A link gets you in, once, within ten minutes of being made.
login-step-ask = Whoever runs this server prints a link with this command:
login-step-owner = Or, for somebody who owns a domain and sees nothing of others:
login-step-follow = Open the link in this browser and press the button there.
login-offer-title = Log in to Onward
login-offer = This link is good. It works once: press the button to log in with this browser.
login-enter = Log in
login-hours = You stay logged in for { $hours } hours, or until you log out.
login-no-cookie-title = Your browser did not keep the session
login-no-cookie = You were logged in, but the browser has not kept the cookie that says so.
login-no-cookie-https = Browsers keep it over https, or at http://localhost and http://127.0.0.1 on the same machine. If the address above begins with http:// and another name, ask for a link with https. If cookies are switched off for this site, allow them.
login-no-cookie-again = The link has been used. Ask for a new one.

# Sessions
sessions-title = Sessions
sessions-about = Who is logged in, and links that nobody has followed yet. What you end is over at once.
sessions-caption = Sessions and links
sessions-who = Who
sessions-may = May see
sessions-used = Last used
sessions-client = From
sessions-ends = Ends
sessions-actions = Actions
sessions-all = everything
sessions-own = you, here
sessions-link = link, not followed yet
sessions-not-used = never
sessions-revoke = End
sessions-revoke-one = End session { $id }
sessions-revoked = Session { $id } is ended.
sessions-none = Nobody has a session here: you are let in by your proxy. A link for somebody else: onward web login

# What went wrong
trouble-to-login = Log in
trouble-to-start = To the first page
trouble-malformed = This cannot be read
trouble-malformed-text = The browser sent something that is no form of this page. Go back, load the page again, and try once more.
trouble-not-found = There is no such page
trouble-not-found-text = Nothing of that name is here, or it is not yours to see.
trouble-no-link = This link does not work
trouble-no-link-text = It was used already, is older than ten minutes, or is not complete. Ask for a new one.
trouble-method = That cannot be done here
trouble-method-text = The address exists, but not for what the browser wanted to do there.
trouble-no-session = You are not logged in
trouble-no-session-text = Your session has ended, so nothing was changed. Log in again and send it once more.
trouble-other-site = This came from another site
trouble-other-site-text = A page of another site sent this, so nothing was changed. If you were on this page yourself, a proxy in front of it changes the Host field: it has to keep it.
trouble-wait = Too many attempts
trouble-wait-text = Too many wrong links came from your address. Try again in { $seconds ->
    [one] a second
   *[other] { $seconds } seconds
}.
trouble-too-large = That is too much at once
trouble-too-large-text = A form holds at most 64 KiB. Send it in parts.
trouble-slow = That took too long to arrive
trouble-slow-text = The whole form has to arrive within 10 seconds. Try again on a better connection.
trouble-late = The answer takes too long
trouble-late-text = What was begun goes on. Look whether it is done before you send it again.
trouble-failed = Something failed here
trouble-failed-text = It is not your fault. The log of the server says what failed.
trouble-unavailable = The database cannot be used now
trouble-unavailable-text = Nothing was changed. Try again in a moment; the log of the server says why.

# Charts
chart-about = Each message counts once, when it came, as what became of it so far. Times are those of UTC. Refused recipients of one client within a minute count as one message.
chart-hours = The last 48 hours
chart-days = The last 30 days
chart-months = The last 13 months
chart-hour = Hour
chart-day = Day
chart-month = Month
chart-forwarded = Forwarded
chart-spooled = Waiting
chart-bounced = Not delivered
chart-refused = Refused
chart-other = Other
chart-none = No messages came in this time.
chart-as-table = As a table

# Domains
domains-title = Domains
domains-about = The domains whose mail is handled here: what their DNS should say, and what it said when it was last checked.
domains-domain = Domain
domains-dns = DNS
domains-last-check = Last checked
domains-auto-create-short = Makes aliases of
domains-search = Name contains
domains-search-go = Search
domains-next = More domains
domains-none = No domain is hosted yet. Add the first one below; then point its MX record here.
domains-none-yours = None of your domains is hosted here. Whoever runs this server can add them.
domains-none-found = No domain has that in its name.
domains-actions = Actions
domains-add-title = Add a domain
domains-new = New domain
domains-new-hint = A name such as example.org. Mail for it is taken at once; its MX record has to lead here.
domains-new-bad = This is no name of a domain: { $why }
domains-new-known = { $domain } is hosted already.
domains-add = Add domain
domains-added = { $domain } is hosted from now on. Check what its DNS says.
domains-doctor = What the doctor says
domains-doctor-about = Looks at DNS of all domains, at this machine and at what is around it, as the command “onward doctor” does.
domains-doctor-go = Check everything
domains-doctor-none = Nothing was checked yet since this server started.
domains-check = Check now
domains-check-none = DNS was not asked yet since this server started. Press the button to check what it says.
domains-check-goes = A check is under way. Load this page again to see its result. It began
domains-check-begun = The check takes longer than usual: name servers may not answer. Load this page again in a minute.
domains-check-busy = Another check is under way, so this one did not begin. Try again in a minute.
domains-check-done = DNS was asked. Here is what it says.
domains-check-late = The last check took too long and was given up. Try again later.
domains-check-failed = The last check failed. The log of the server says why.
domains-checked = Checked
domains-not-checked = not checked yet
domains-no-result = no result
domains-all-right = all right
domains-errors = { $count ->
    [one] one error
   *[other] { $count } errors
}
domains-warnings = { $count ->
    [one] one warning
   *[other] { $count } warnings
}
domains-records = Records
domains-record = Record
domains-state = State
domains-wanted = Should be
domains-found = Found
domains-no-records = Nothing was looked at.
domains-more = And { $count } more.
domains-mx = Where mail goes (MX)
domains-spf = Who may send (SPF)
domains-dkim = Signature key (DKIM)
domains-dmarc = Policy for forgeries (DMARC)
domains-mta-sts = TLS for incoming mail (MTA-STS)
domains-mta-sts-policy = Policy of MTA-STS
domains-tls-rpt = Reports about TLS (TLS-RPT)
domains-srv = Server for mail programs (SRV)
domains-right = right
domains-wrong = wrong
domains-missing = missing
domains-not-needed = not needed
domains-unanswered = no answer
domains-copy = Copy
domains-copied = Copied
domains-findings = What is wrong
domains-nothing-wrong = Nothing is wrong.
domains-error = error
domains-warning = warning
domains-hint = hint
domains-keys = DKIM keys
domains-selector = Selector
domains-key-state = State
domains-key-kind = Kind
domains-key-record = Record
domains-key-active = signs
domains-key-staged = does not sign yet
domains-key-retired = signs no more
domains-no-keys = No key signs for { $domain }. Whoever runs this server makes one: onward dkim key add { $domain }
domains-key-unreadable = A key file cannot be read: onward dkim key list says which and why.
domains-certificate = Certificate
domains-certificate-names = For
domains-certificate-issuer = Issued by
domains-certificate-end = Valid until
domains-certificate-over = expired
domains-self-signed = signed by itself
domains-certificate-issued = The certificate is still to be issued by ACME.
domains-no-certificate = This server has no certificate: mail comes in plaintext. Its configuration names one in [tls].
domains-certificate-unreadable = A certificate cannot be read. Whoever runs this server sees why with: onward doctor
domains-traffic = Traffic
domains-settings = Settings
domains-auto-create = Make aliases of addresses like
domains-auto-create-hint = A regular expression for all that stands before the @, such as shop-.*. Mail for such an address makes an alias of it. Leave it empty to make none.
domains-auto-create-missing = Say which addresses become aliases, or leave out where they lead.
domains-auto-create-bad = This cannot be used: { $why }
domains-to = These aliases lead to
domains-to-hint = One or more mailboxes, one a line.
domains-to-bad = { $which } is no destination: { $why }
domains-to-count = Name 1 to 100 mailboxes.
domains-loop = Mail would go round in a loop: it would lead back here through other aliases.
domains-digest = Digest for owners
domains-digest-hint = How often owners are told what came to their aliases, where an alias says nothing else.
domains-never = never
domains-daily = daily
domains-weekly = weekly
domains-save = Save settings
domains-saved = The settings are saved.
domains-blocks = Blocked senders
domains-no-blocks = No sender is blocked for all of the domain.
domains-block-sender = Sender
domains-block-note = Note
domains-block-since = Since
domains-block-new = Block a sender
domains-block-hint = An address, @domain, or *.domain for all below it. It is refused for all aliases of the domain.
domains-block-bad = This is no sender that can be blocked: { $why }
domains-block = Block sender
domains-blocked = { $sender } is blocked for all of the domain.
domains-unblock = Unblock
domains-unblock-one = Unblock { $sender }
domains-unblocked = { $sender } is not blocked any more.
domains-srs-only = This is the domain of rewritten senders (SRS). Its own addresses are not hosted here.
domains-remove-title = Remove this domain
domains-remove-name = Type { $domain } to remove it
domains-remove-hint = Its mail is refused from then on. This cannot be undone.
domains-remove-other = Type the whole name, { $domain }, to remove it.
domains-remove-has-aliases = It still has aliases, or accounts that send as its addresses. Tick the box to remove them too.
domains-remove-aliases = Remove its aliases too, and take from accounts what they send as in it
domains-remove = Remove domain
domains-removed = { $aliases ->
    [0] { $domain } is not hosted any more.
    [one] { $domain } and its alias are removed.
   *[other] { $domain } and its { $aliases } aliases are removed.
}

# Overview
overview-title = Overview
overview-up = started
overview-oldest = The oldest message that waits came
overview-connections = Connections of clients
overview-map-connections = Connections of Postfix
overview-idle = Kept connections to destinations
overview-memory = Memory for messages
overview-spool = Messages waiting
overview-spool-octets = Spool
overview-disk = Disk
overview-process = Memory of the process
overview-files = Open files
overview-failed = Not delivered, of 24 hours
overview-troubles = What is wrong
overview-trouble-database = Database:
overview-trouble-unreadable = { $count ->
    [one] One message in the spool cannot be read: onward doctor names it.
   *[other] { $count } messages in the spool cannot be read: onward doctor names them.
}
overview-trouble-map = Table of Postfix:
overview-trouble-socket = Socket without a listener:
overview-trouble-alias = Alias that is not followed:
overview-trouble-rate = Over a limit:
overview-over = over { $rate }, put off { $times } times
overview-traffic = Traffic
overview-refused = Refused, by reason
overview-refused-none = Nothing was refused.
overview-reason = Reason
overview-in-hours = 48 hours
overview-in-days = 30 days
overview-in-months = 13 months
overview-reason-recipient = No such address
overview-reason-rule = A rule or a block
overview-reason-authentication = Nothing proves who sent it
overview-reason-filter = Spam filter
overview-reason-listed = On a block list
overview-reason-rate = Too many
overview-reason-relaying = Not for a domain of ours
overview-reason-form = Too large, malformed or a loop
overview-reason-destination = The destination refuses it
overview-reason-other = Other
overview-queue = Waiting, by destination
overview-queue-none = Nothing waits.
overview-queue-more = Only the oldest { $count } messages were looked at.
overview-destination = Destination
overview-messages = Messages
overview-attempts = Attempts
overview-next = Next attempt
overview-reply = Last reply
overview-unreachable = Hosts that could not be reached lately
overview-unreachable-none = All hosts that were tried lately could be reached.
overview-host = Host
overview-tried = Tried
overview-how = What happened
overview-hung = did not answer in time: asked by one message at a time
overview-refuses = no connection: tried behind others
overview-slow = Slowest destinations of late
overview-slow-none = No message was handed on within a day.
overview-deferred = To be tried again
overview-average = Average
overview-longest = Longest
overview-events = Events that wait to be sent
overview-events-none = No event waits. The configuration names who is told of aliases in [events].
overview-events-figures = { $waiting } waiting, { $lost } lost so far.
overview-event-time = When
overview-event-kind = What
overview-event-alias = Alias
