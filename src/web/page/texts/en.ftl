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
sessions-with-tokens = with the tokens that it made ({ $count })
sessions-tokens-go-on = Tokens that it made and that go on: { $count }.
sessions-tokens-ended = Tokens that it made and that ended with it: { $count }.
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
trouble-other-host = This page has another name
trouble-other-host-text = The server does not answer to the name by which your browser reached it. Whoever runs it says by web.hosts, in its configuration, which names it has.
trouble-proxy = Nobody is let in by this proxy
trouble-proxy-name-text = The proxy in front of this page sends a Remote-User that cannot be believed: one name of at most 200 characters of ASCII is, and no second one beside it.
trouble-proxy-host-text = The proxy in front of this page says who you are, and is not believed: web.hosts, in the configuration of the server, has to have the name by which your browser reaches it.
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
trouble-long-head-text = The head of the request, with all cookies that the browser has for this host, has more than 16 KiB or more than 100 fields.
trouble-slow = That took too long to arrive
trouble-slow-text = The whole form has to arrive within 10 seconds. Try again on a better connection.
trouble-late = The answer takes too long
trouble-late-text = What was begun goes on. Look whether it is done before you send it again.
trouble-failed = Something failed here
trouble-failed-text = It is not your fault. The log of the server says what failed.
trouble-unavailable = The database cannot be used now
trouble-unavailable-text = What was asked for was not done, or not all of it. Try again in a moment; the log of the server says why.

# Aliases
aliases-title = Aliases
aliases-new = New alias
aliases-to-blocks = Blocked senders
aliases-search = Search
aliases-search-button = Search
aliases-domain = Domain
aliases-all-domains = All domains
aliases-state = State
aliases-state-any = On or off
aliases-state-on = On
aliases-state-off = Off
aliases-unused = Unused
aliases-unused-any = Used or not
aliases-unused-days = Unused for { $days } days
aliases-note = Note
aliases-note-hint = For yourself: what the address is for. A name such as shop.example makes the offered address begin with it.
aliases-address = Address
aliases-leads-to = Leads to
aliases-last-days = Last { $days } days
aliases-forwarded = Taken
aliases-refused = Refused
aliases-last-use = Last mail
aliases-switch = On or off
aliases-pick = Picked
aliases-pick-all = Pick all of this page
aliases-pick-found = All that this search finds, on other pages too
aliases-pick-one = Pick { $address }
aliases-never = never
aliases-more = { $count ->
    [one] and one more
   *[other] and { $count } more
}
aliases-rejects = refuses its mail
aliases-defers = puts its mail off
aliases-discards = accepts its mail and throws it away
aliases-is-on = on
aliases-is-off = off
aliases-is-past = ended
aliases-is-used-up = used up
aliases-enable = Switch on
aliases-disable = Switch off
aliases-enable-one = Switch on { $address }
aliases-disable-one = Switch off { $address }
aliases-quiet = No mail in the last { $days } days
aliases-busy = In the last { $days } days { $forwarded } taken and { $refused } refused; most on { $date }: { $most }
aliases-none-yet = There are no aliases yet. An alias is an address whose mail goes on to mailboxes that you name.
aliases-make-first = Make the first alias
aliases-none-found = No alias fits what you look for. Try fewer or other words.
aliases-none-here = Nothing found so far; the search goes on with the next page.
aliases-show-all = Show all aliases
aliases-pages = Pages of the list
aliases-first-page = First page
aliases-next-page = Next page
aliases-with-picked = With those that are picked
aliases-do = What to do
aliases-do-enable = Switch on
aliases-do-disable = Switch off
aliases-do-delete = Remove
aliases-do-note = Set the note
aliases-do-replace = Replace a destination
aliases-do-note-text = Note (empty: none)
aliases-do-old = Destination to replace
aliases-do-new = New destination
aliases-do-button = Do it
aliases-none-picked = No alias is picked: tick those that are meant.
aliases-too-many-picked = { $count } aliases are picked, and { $most } is the most at once: nothing was done.
aliases-all-title = All that the search finds
aliases-all-enable = { $count ->
    [one] One alias is found. Switch it on?
   *[other] { $count } aliases are found. Switch all of them on?
}
aliases-all-disable = { $count ->
    [one] One alias is found. Switch it off? Its mail is refused then.
   *[other] { $count } aliases are found. Switch all of them off? Their mail is refused then.
}
aliases-all-delete = { $count ->
    [one] One alias is found. Remove it? Its mail is refused then.
   *[other] { $count } aliases are found. Remove all of them? Their mail is refused then.
}
aliases-all-other = Another number is found by now, so nothing was done. Look at it again.
aliases-all-typed = To remove them, type how many: { $count }
aliases-all-typed-wrong = Nothing was removed: { $count } was to be typed.
aliases-all-not = No, back to the list
aliases-all-not-so = All that a search finds can be switched on, switched off or removed; the rest is for those that are ticked.
aliases-all-too-many = More than { $most } are found, which is the most at once: nothing was done. Narrow the search.
aliases-all-late = This search takes too long to change anything by: nothing was done. Narrow it.
aliases-done-enabled = { $count ->
    [0] No alias was switched on.
    [one] One alias is switched on.
   *[other] { $count } aliases are switched on.
}
aliases-done-disabled = { $count ->
    [0] No alias was switched off.
    [one] One alias is switched off: its mail is refused.
   *[other] { $count } aliases are switched off: their mail is refused.
}
aliases-done-removed = { $count ->
    [0] No alias was removed.
    [one] One alias is removed: its mail is refused.
   *[other] { $count } aliases are removed: their mail is refused.
}
aliases-done-changed = { $count ->
    [0] No alias was changed.
    [one] One alias is changed.
   *[other] { $count } aliases are changed.
}
aliases-done-same = { $count ->
    [one] One was so already.
   *[other] { $count } were so already.
}
aliases-done-failed = { $count ->
    [one] One stays as it is:
   *[other] { $count } stay as they are, among them:
}
aliases-left-out = { $address }: { $why };
aliases-why-changed = somebody changed it meanwhile, so look at it again
aliases-why-gone = it is not there any more
aliases-undone = { $count ->
    [0] Nothing was taken back.
    [one] Taken back: one alias is as it was.
   *[other] Taken back: { $count } aliases are as they were.
}
aliases-undo-broken = The database could not be used, and nothing was taken back yet. Undo can be tried again.
aliases-undo-late = It is too late to take that back. Aliases can be changed again by hand.
aliases-name = Address of the alias
aliases-name-hint = What stands before the @. * takes all that nothing else in the domain answers; /…/ is a regex over the whole address.
aliases-another-name = Another name
aliases-make = Make the alias
aliases-made = { $address } takes mail now.
aliases-exists = there is an alias of this address already
aliases-no-domain = { $domain } is not hosted here
aliases-back = Back to the list
aliases-action = What becomes of its mail
aliases-action-forward = It is forwarded
aliases-action-reject = It is refused
aliases-action-defer = It is put off: senders try again later
aliases-action-discard = It is accepted and thrown away
aliases-destinations = Destinations
aliases-destinations-hint = Mailboxes that get the mail, one a line.
aliases-text = Text of the refusal
aliases-text-hint = Only of an alias that refuses or puts off: what senders read.
aliases-enabled = Switched on
aliases-expires = Ends (UTC)
aliases-expires-hint = From then on its mail is refused. Empty: never.
aliases-rules = Rules for its mail
aliases-max-messages = Number of messages it takes
aliases-max-messages-hint = After so many its mail is refused. Empty: any number.
aliases-allow = Allowed senders
aliases-allow-hint = Taken whatever else is blocked; one a line: news@shop.example, @shop.example or *.shop.example.
aliases-block = Blocked senders
aliases-block-hint = Refused; one a line, in the same forms. * refuses everybody who is not allowed.
aliases-limit = Most mail in a time
aliases-limit-hint = Such as 30/1h. Beyond it senders are asked to try again later.
aliases-spam = Spam
aliases-spam-mark = Marked and forwarded
aliases-spam-refuse = Refused
aliases-keep-tag = Keep what stands behind a +
aliases-as-server = As the server says
aliases-as-domain = As the domain says
aliases-yes = Yes
aliases-no = No
aliases-digest = Digest to the owner
aliases-digest-off = Never
aliases-digest-daily = Daily
aliases-digest-weekly = Weekly
aliases-reply-by-address = Answers may leave as this alias
aliases-reply-by-address-hint = Mail then comes from an address that answers can be sent to; they leave as the alias.
aliases-remove = Remove
aliases-remove-hint = For ten seconds a removal can be taken back, with rules and counters. Mail that is refused meanwhile does not come back.
aliases-use = Use
aliases-since = Counted since
aliases-refused-block = sender blocked
aliases-refused-limit = over its limit
aliases-refused-disabled = switched off
aliases-refused-expired = ended
aliases-refused-used-up = took as many as it was to take
aliases-refused-alias = refuses by itself
aliases-refused-list = sender on a list in DNS
aliases-refused-spam = spam
aliases-refused-authentication = sender not proven
aliases-refused-destination = refused by the destination
aliases-refused-other = other reasons
aliases-leads-finally = Where its mail ends up
aliases-change = Change
aliases-save = Save
aliases-stale = Somebody else changed this alias while you did. Nothing of yours is saved. Below stands what you typed; where the alias says something else by now, it says:
aliases-stale-empty = nothing
aliases-explain = What would become of a message
aliases-explain-hint = Goes through the rules and checks as a real message would. Nothing is sent.
aliases-explain-to = To
aliases-explain-from = From
aliases-explain-ip = Address of the client
aliases-explain-wrong = Something such as { $example } is wanted here.
aliases-explain-button = Explain

# What is wrong with what somebody typed
fault-missing = is missing
fault-past = this time is over: an end is to come
fault-other = this is not accepted here
fault-same = { $text } is the destination that is there already
fault-template = { $text } cannot take the place of a mailbox: an alias with a regex reads $1 as what a group matched
fault-not-forwarding = only an alias that forwards has destinations
fault-not-replying = only an alias that refuses or puts off has a text
fault-exists = there is an alias of { $address } already
fault-no-alias = there is no alias { $address }
fault-not-hosted = { $domain } is not hosted here
fault-literal = { $domain } is an address of the network; a domain has a name
fault-loop = mail would go round in a circle: the aliases would lead back to themselves
fault-too-deep = mail would go through too many aliases, one behind the other
fault-too-many-patterns = there are { $most } regexes already, which is the most
fault-srs-shaped = { $address } has the form of a rewritten sender (SRS), for which no alias is asked
fault-too-many-blocks = there would be { $count } blocks, and { $most } is the most; @shop.example stands for all of a domain
fault-blocks-everything = * would block all mail; an alias alone can do that, in its own rules
fault-changed = somebody changed it meanwhile, so look at it again
fault-alias-address = { $text } is no address of an alias: { $why }. It is a name such as shop, * for all that nothing else answers, or a regex such as /^sales-(.+)@example\.org$/
fault-regex-slashes = { $text } is no address of an alias: a regex stands between slashes, such as /^info-.*@example\.org$/
fault-no-pattern = { $text } is no address of an alias: * stands for every address only by itself. A regex says what you may mean: { $regex }
fault-unseen = { $text } has a character in it that nobody sees, { $code }, and would pass for another address: leave it out
fault-regex = { $text } is no regex that can be used: look at its brackets and signs, and keep it short
fault-destination = { $text } is no destination: { $why }
fault-destination-template = { $text } is no destination: it names a group that the regex does not have, or is written wrongly
fault-no-mailbox = { $text } is no mailbox such as me@mailbox.example
fault-no-destination = name at least one mailbox that gets the mail
fault-too-many-destinations = an alias has at most { $most } destinations; let some of them be aliases
fault-destinations = name 1 to { $most } mailboxes
fault-text = the text becomes part of a reply of the server: 1 to { $most } letters, digits and signs of ASCII, in one line
fault-keep-tag = only an alias of one address that forwards has something behind a + to keep
fault-reply-by-address = only an alias of one address without a +, that forwards, can be answered by address
fault-sender = { $text } names no sender: it is news@shop.example, @shop.example for all of the domain, or *.shop.example for the domains below it
fault-too-many-senders = at most { $most } senders; @shop.example stands for all of a domain
fault-allows-everybody = everybody is allowed who is not blocked: * belongs to the blocked, and means everybody who is not allowed
fault-no-such-sender = { $text } is not among them
fault-note = at most { $most } characters in one line, none of which is hidden or turns the direction of writing
fault-messages = a number from 1 to { $most }, or nothing
fault-limit = { $text } is no limit: it is such as 30/1h, for 30 messages in an hour
fault-time = { $text } is no time: it is such as 2026-12-31T12:00, in UTC
fault-address-no-at = an address is name@domain
fault-address-local = what stands before the @ has a character that does not belong there
fault-address-control = an address has no control characters
fault-address-local-long = what stands before the @ is too long
fault-address-domain = this is no valid name of a domain, such as example.org
fault-address-dot = the name of the domain ends in a dot: leave it out
fault-address-domain-long = the domain, or a part of it between dots, is too long
fault-address-literal = in brackets stands an address of the network: [192.0.2.1] or [IPv6:2001:db8::1]
fault-address-long = the address is longer than 256 characters
fault-address-brackets = write the address alone, without angle brackets
fault-send-as = nobody sends as { $text }: { $why }. It is an address, or *@domain for a whole domain
fault-send-as-pattern = nobody sends as { $text }: name the addresses, or *@domain for a whole domain
fault-send-as-literal = { $text } is of an address of the network, which has no mail of its own here
fault-sends-as-nobody = an account sends as at least one address
fault-label = a name of 1 to 64 characters in one line, such as “phone”

# Explaining, of an alias and of a message
explain-asks = What you asked before is not answered yet. Ask again in a moment.
explain-busy = Others ask the same now. Ask again in a moment.

# Blocks
blocks-title = Blocked senders
blocks-about = Mail of these senders is refused for all aliases of a domain. What an alias allows itself is an exception.
blocks-pattern = Senders
blocks-pattern-hint = news@shop.example, @shop.example, or *.shop.example
blocks-domain = For the aliases of
blocks-domain-hint = A domain; empty for all.
blocks-of-all = all domains
blocks-note = Note
blocks-since = Since
blocks-actions = Actions
blocks-none = Nobody is blocked. A block is worth it where one sender bothers many aliases; for one alias, its own rules are enough.
blocks-add = Block a sender
blocks-add-button = Block
blocks-added = Mail of { $pattern } is refused from now on.
blocks-remove = Unblock
blocks-remove-one = Unblock { $pattern }
blocks-removed = Mail of { $pattern } is taken again.
blocks-not-blocked = { $pattern } was not blocked, so nothing has changed.
blocks-no-domain = { $domain } is not hosted here

# Tokens
tokens-title = Tokens
tokens-about = What programs show that ask the API: password managers, scripts. One for each, so that each can be revoked alone.
tokens-none = There are no tokens yet. Make one below for each program.
tokens-label = Name
tokens-label-hint = What it is for: “password manager”, “phone”.
tokens-made-by = made by
tokens-scope = What it may do
tokens-scope-create = make aliases
tokens-scope-manage = manage all aliases of a domain
tokens-scope-admin = everything
tokens-scope-wrong = choose what it may do
tokens-domain = Domain
tokens-domain-hint = Of a token that may do everything: none.
tokens-no-domain = { $domain } is not hosted here
tokens-needs-domain = a token that makes or manages aliases is for one domain
tokens-of-all = all
tokens-destinations = Where its aliases lead
tokens-destinations-hint = Mailboxes, one a line. A token that makes aliases needs one.
tokens-needs-destination = the aliases that this token makes lead to fixed mailboxes: name one
tokens-too-many-destinations = at most { $most } mailboxes
tokens-too-many = there are { $most } tokens already, which is the most; revoke one first
tokens-format = How made-up addresses look
tokens-format-characters = characters by chance: k7f2qdxm
tokens-format-words = words: maple.otter.canyon47
tokens-format-site = name of the site and characters: shop.k7f2qdxm
tokens-format-uuid = UUID
tokens-format-wrong = choose how addresses look
tokens-limit = Most changes a day
tokens-limit-hint = Empty: 100 of a token that makes aliases, 1000 of one that manages them.
tokens-limit-wrong = a whole number from 1
tokens-expires = Ends
tokens-expires-hint = Worth nothing after that day (UTC). Empty: never.
tokens-expires-wrong = a day such as 2026-12-31
tokens-expires-past = this day is past
tokens-no-end = never
tokens-today = Changes today
tokens-used = Last used
tokens-never = never
tokens-actions = Actions
tokens-add = New token
tokens-add-button = Make the token
tokens-made = The token is made
tokens-once = Here it is, this once. Copy it now: only a hash of it is kept.
tokens-copy = Copy
tokens-copied = Copied
tokens-back = To the tokens
tokens-revoke = Revoke
tokens-revoke-one = Revoke { $label }
tokens-revoked = { $label } is worth nothing any more.

# Accounts
accounts-title = Accounts
accounts-about = Who may send mail through this server, and as whom. Each program gets a password of its own.
accounts-none = There are no accounts yet. Make one below for whoever is to send mail.
accounts-name = Account
accounts-name-hint = An address; mail programs log in by it.
accounts-state = State
accounts-is-enabled = may send
accounts-is-disabled = switched off
accounts-is-frozen = frozen
accounts-send-as = Sends as
accounts-send-as-hint = Addresses of aliases, or *@domain, one a line. Empty: as its own name.
accounts-more = { $count ->
    [one] and one more
   *[other] and { $count } more
}
accounts-passwords = Passwords
accounts-actions = Actions
accounts-label = Name of a password
accounts-label-of = Name of a new password of { $account }
accounts-label-hint = What uses it: “phone”.
accounts-label-taken = the account has a password of this name already
accounts-exists = there is an account of this name already
accounts-not-hosted = nobody sends as { $address } here: its domain is not hosted
accounts-no-alias = nobody sends as { $address } here: no alias that is switched on answers it
accounts-too-many-addresses = an account sends as at most { $most } addresses
accounts-too-many-passwords = the account has { $most } passwords already, which is the most
accounts-add = New account
accounts-add-button = Make the account and a password
accounts-once = Here it is, this once. Copy it now: only a hash of it is kept.
accounts-password = Password
accounts-password-made = The password is made
accounts-password-add = Make a password
accounts-no-password = No password was made for { $account }: { $why }
accounts-password-revoke = Revoke
accounts-password-revoke-one = Revoke the password { $label } of { $account }
accounts-password-revoked = The password { $label } of { $account } is worth nothing any more.
accounts-back = To the accounts
accounts-enable = Let it send
accounts-enable-one = Let { $account } send
accounts-enabled = { $account } may send.
accounts-disable = Switch off
accounts-disable-one = Switch off { $account }
accounts-disabled = { $account } sends nothing any more; what waits stays until it may again.
accounts-next = Next page

# Messages
messages-title = Messages
messages-lead = What became of every mail, the newest first.
messages-field-from = Sender
messages-field-to = Recipient or mailbox
messages-field-since = From (UTC)
messages-field-until = Until (UTC)
messages-field-outcome = Outcome
messages-any-outcome = any
messages-hint-address = An address or @domain
messages-find = Find
messages-clear = Clear
messages-none = No message is found.
messages-none-yet = No message has come yet. As soon as mail comes to one of your aliases, it stands here.
messages-so-far = Searched back to
messages-go-on = Search further back
messages-older = Older messages
messages-newest = Back to the newest
messages-column-time = Time
messages-column-from = From
messages-column-to = To
messages-column-outcome = Outcome
messages-column-reply = Reply
messages-error-address = This is no address: write name@example.org or @example.org
messages-error-sender = This is no sender: write name@example.org, @example.org, or <> for bounces
messages-error-time = This is no time: write 2026-01-31 or 2026-01-31T12:00
messages-error-outcome = There is no such outcome
messages-recent = Latest messages
messages-recent-none = No message to this address is found.
messages-recent-all = All its messages
messages-recent-of-domain = Messages to its domain
messages-one = One message
messages-id = Id
messages-back = All messages

messages-outcome-forwarded = forwarded
messages-outcome-partial = forwarded in part
messages-outcome-refused = refused
messages-outcome-deferred = put off
messages-outcome-spooled = waits here
messages-outcome-bounced = came back
messages-outcome-failed = failed
messages-outcome-dropped = dropped
messages-outcome-discarded = thrown away
messages-outcome-aborted = broken off

messages-outcome-taken = taken

messages-step-sender = Who sent it
messages-step-client = From where
messages-step-checks = What the checks said
messages-step-ours = What was done here
messages-step-destination = What the destination said
messages-step-next = What happens next

messages-sender = The envelope says that { $sender } sent it.
messages-sender-own = It is a notice that was written here.
messages-sender-null = It has no sender: it is a bounce, or a notice of another server.
messages-sender-account = The account { $account } sent it.
messages-sender-some-account = Somebody who has an account here sent it.
messages-author = From names an address at { $domain }.
messages-recipients = It is for { $recipients }.
messages-recipients-more = It is for { $recipients } and { $more } more.
messages-size = Its size is { $size }.
messages-client = { $client } brought it, and called itself { $helo }.
messages-client-silent = { $client } brought it.
messages-client-local = A program on this machine brought it.
messages-client-plaintext = The connection was not encrypted.
messages-client-tls = The connection was encrypted: { $tls }.

messages-checks-none = Nothing was checked: what became of it was clear before.
messages-spf-pass = SPF passes: { $domain } lets this server send its mail.
messages-spf-fail = SPF fails: { $domain } says that this server must not send its mail. It may be forged, or somebody forwarded it before.
messages-spf-softfail = SPF softfails: { $domain } says that this server probably must not send its mail.
messages-spf-neutral = SPF is neutral: { $domain } says nothing about this server.
messages-spf-none = There is no SPF: { $domain } does not say who sends its mail.
messages-spf-temperror = SPF is not known: DNS of { $domain } did not answer.
messages-spf-permerror = SPF is broken: what { $domain } publishes makes no sense.
messages-dkim-unsigned = It is not signed with DKIM, so nothing shows that it came unchanged.
messages-dkim-pass = A DKIM signature of { $domain } is valid: the message is as it was signed there.
messages-dkim-fail = A DKIM signature of { $domain } does not fit: the message was changed on its way, or the signature is forged.
messages-dkim-policy = A DKIM signature of { $domain } is too weak to count.
messages-dkim-neutral = A DKIM signature of { $domain } cannot be read, or has expired.
messages-dkim-temperror = A DKIM signature of { $domain } could not be checked: DNS did not answer.
messages-dkim-permerror = A DKIM signature of { $domain } has no key in DNS.
messages-dmarc-pass = DMARC passes: it is from { $domain }, as it says.
messages-dmarc-fail-reject = DMARC fails: nothing proves that it is from { $domain }, whose owner wants such mail refused.
messages-dmarc-fail-quarantine = DMARC fails: nothing proves that it is from { $domain }, whose owner wants such mail treated as spam.
messages-dmarc-fail-none = DMARC fails: nothing proves that it is from { $domain }, whose owner asks for nothing to be done about that.
messages-dmarc-temperror = DMARC is not known: DNS of { $domain } did not answer.
messages-dmarc-permerror = DMARC is broken: what { $domain } publishes makes no sense.
messages-dmarc-none = There is no DMARC: the owner of the domain in From says nothing about forged mail.
messages-arc-pass = The ARC chain of the servers before is whole. It proves nothing by itself.
messages-arc-fail = The ARC chain of the servers before is broken.
messages-arc-temperror = The ARC chain could not be checked: DNS did not answer.
messages-class-signed = When it is forwarded, its signature stays, so the destination finds the same.
messages-class-free = No policy is enforced, so a forward changes nothing for the destination.
messages-class-spf-only = Only SPF proves its sender, and a forward loses that: the sender should sign with DKIM.
messages-class-failed = The destination would find that it fails, too.
messages-class-unknown = What the destination will find is not known.
messages-filter-pass = The spam filter lets it pass, with a score of { $score }.
messages-filter-later = The spam filter wants to see it again later; its score is { $score }.
messages-filter-marks = The spam filter takes it for spam, with a score of { $score }.
messages-filter-rejects = The spam filter refuses it, with a score of { $score }.

messages-alias-same = { $recipient } is an alias here.
messages-alias = { $recipient } is answered by { $alias }, as the aliases are now.
messages-alias-none = No alias answers { $recipient } now.
messages-sent-as = It left with the sender { $address }, so that SPF passes and bounces find their way back.
messages-munged = From is now the alias, so that the destination believes it; the author is named in it, and answers go there.
messages-note = Noted:
messages-answered-taken = The server that brought it was told that it is taken:
messages-answered-later = The server that brought it was told to come again:
messages-answered-refused = The server that brought it was told that it is refused:
messages-rule-ended = The alias takes no mail any more:
messages-rule-limit = The alias takes { $rate } messages, and had them.
messages-rule-allows-nobody = The alias takes mail only from those whom it allows, and who sent this is none of them.
messages-rule-alias = The alias blocks { $pattern }, and the sender is { $sender }.
messages-rule-alias-author = The alias blocks { $pattern }, and From is { $sender }.
messages-rule-domain = The domain blocks { $pattern }, and the sender is { $sender }.
messages-rule-domain-author = The domain blocks { $pattern }, and From is { $sender }.
messages-rule-global = { $pattern } is blocked for all domains here, and the sender is { $sender }.
messages-rule-global-author = { $pattern } is blocked for all domains here, and From is { $sender }.
messages-why-no-such-alias = There is no such alias, or it is switched off or has expired.
messages-why-alias-unsafe = The alias is set up wrongly.
messages-why-alias-loop = The aliases lead in a circle.
messages-why-no-postmaster = Nobody gets the mail of the postmaster yet.
messages-why-spf-failed = The sender's domain does not let that server send its mail (SPF).
messages-why-spf-broken = The sender's domain has a broken SPF record.
messages-why-dkim-failed = It has no valid signature (DKIM).
messages-why-dmarc-failed = It is not from the domain that it says it is from, and the owner of that domain wants such mail refused (DMARC).
messages-why-spf-only = Only SPF says who sent it, which a forward loses: the sender must sign with DKIM.
messages-why-unauthenticated = Nothing proves who sent it: neither SPF nor DKIM.
messages-why-filter-finds-spam = The spam filter takes it for spam.
messages-why-filter-rejects = The spam filter refuses it.
messages-why-filter-later = The spam filter wants to see it again later.
messages-why-last-under-way = As many messages were under way as the alias still takes; the sender was asked to try again.
messages-why-alias-limit = More came to the alias than it may get in that time.
messages-why-sender-limit = Its sender sends too much.
messages-why-too-many = More came than may come in that time.
messages-why-relaying = It was for a domain that is not here.
messages-why-loop = It goes round in a circle.
messages-why-own-from = It says that it is from a domain here, and nothing proves that.
messages-why-listed = Its sender is on a block list in DNS.
messages-why-rule = A rule does not let it in.
messages-why-alias-defers = The alias puts mail off.
messages-why-too-large = It is too large.
messages-why-malformed = It is malformed.
messages-why-split = It was for several recipients with different ends; each is asked for again by itself.
messages-why-leads-nowhere = Its address leads nowhere.
messages-why-destination = The mailbox behind the alias was not ready, or refused it.
messages-why-other-for-now = It could not be taken at that moment.
messages-why-other = It was not acceptable.

messages-attempts-left-out = { $count } earlier attempts are not shown.
messages-attempt-delivered = { $host } took it for { $mailbox }:
messages-attempt-refused = { $host } refused it for { $mailbox }:
messages-attempt-deferred = { $host } did not take it yet for { $mailbox }:
messages-attempt-uncertain = { $host } may have it for { $mailbox }; the connection ended before it said so:
messages-attempt-provider = The provider of this mailbox is { $provider }.
messages-attempt-plaintext = The way there was not encrypted.
messages-attempt-tls = The way there was encrypted: { $tls }.

messages-meaning-refused = The destination refuses it for good, and says no more than that.
messages-meaning-deferred = The destination does not take it now, and says no more than that.
messages-meaning-no-such-user = There is no such mailbox there. Check where the alias leads.
messages-meaning-disabled = The mailbox is switched off there.
messages-meaning-full = The mailbox is full. Its owner has to make room.
messages-meaning-mailbox-busy = The mailbox gets more mail than its provider lets in for now.
messages-meaning-too-large = The message is larger than the mailbox takes.
messages-meaning-unauthenticated = Nothing proves to the provider who sent it: neither SPF nor DKIM passes there. The sender should sign with DKIM.
messages-meaning-dmarc = The owner of the domain in From wants mail refused that fails DMARC, and behind a forward this one does.
messages-meaning-no-reverse-name = The name of this server in DNS is missing or does not lead back to it. The operator has to set it right.
messages-meaning-needs-tls = The destination takes encrypted connections only.
messages-meaning-held = The provider wants less mail from this server for now, so it was not asked. It goes on by itself.
messages-meaning-rate = This server sent more than the provider takes for now. It goes on by itself, more slowly.
messages-meaning-reputation = The provider thinks little of this server or of what it forwards. Less spam forwarded makes that better.
messages-meaning-blocked = The provider blocks the address of this server. The operator has to ask to be taken off its list.
messages-meaning-listed = A block list has the address of this server. The operator has to ask to be taken off.
messages-meaning-content = The provider takes it for spam, for what is in it.
messages-meaning-form = The provider does not like the form of the message, such as its header fields. The sender has to mend it.
messages-meaning-greylisted = The destination lets servers that it does not know wait the first time. It takes the next attempt.
messages-meaning-busy = The destination has no room or time now.
messages-meaning-connections = There were too many connections to the destination at once.
messages-meaning-recipients = It had too many recipients at once; the rest follows.
messages-meaning-no-relay = That server takes no mail for this domain. Check where the alias leads, and the MX of its domain.
messages-meaning-loop = The message goes round in a circle.
messages-meaning-unreachable = No mail server of the destination could be reached.
messages-meaning-lost = The connection to the destination broke.
messages-meaning-slow = The destination took too long to answer.
messages-meaning-dns-silent = DNS of the destination did not answer.
messages-meaning-no-server = The domain of the mailbox has no mail server now.
messages-meaning-no-domain = The domain of the mailbox does not exist. Check where the alias leads.
messages-meaning-null-mx = The domain of the mailbox takes no mail. Check where the alias leads.
messages-meaning-tls-missing = The destination has to offer encryption by its own policy, and does not.
messages-meaning-tls-failed = Encryption with the destination failed, or its certificate is not the right one.
messages-meaning-tls-policy = By the destination's own policy none of its servers may be used.
messages-meaning-refuses-us = The destination wants a login or encryption that it did not get. The operator has to set the route right.
messages-meaning-encoding = The destination cannot carry the letters that are in it.
messages-meaning-policy = A rule of the destination does not let it in.

messages-next-forwarded = Nothing: the destination has it. If it is not in the mailbox, look into its spam folder.
messages-next-partial = Nothing: some of the destinations have it, the others never will.
messages-next-refused = The server that brought it tells whoever wrote that it was refused.
messages-next-deferred = The server that brought it has it still, and comes again by itself.
messages-next-spooled = It waits here, and is tried again.
messages-next-bounced = The mail system behind the destination took it and reported later that it did not deliver it. The sender is told.
messages-next-failed = Nobody has it, and it is not tried any more.
messages-next-dropped = Nothing: it was taken out of the queue by hand, and nobody is told.
messages-next-discarded = Nothing: the alias throws its mail away.
messages-next-taken = What became of it was for recipients of others too, so it is not told here, nor which of the mailboxes behind took it.
messages-next-aborted = The server that brought it broke off before the end. Usually it comes again by itself.
messages-next-attempt = { $mailbox }: next attempt after { $count } so far, at
messages-next-sending = { $mailbox }: it is being sent right now.
messages-next-uncertain = { $mailbox }: it may have it already, and is asked again with care, at
messages-next-given-up = It is given up, if nobody takes it, at
messages-next-told = Then { $sender } is told.
messages-next-nobody-told = Then nobody is told, as it has no sender.
messages-next-held-frozen = It is held back, as the account that sent it is frozen.
messages-next-held-disabled = It is held back, as the account that sent it is disabled.
messages-next-held-removed = It is held back, as the account that sent it was removed.
messages-next-was-told = { $sender } was told.
messages-next-not-told = The sender was not told: too many notices went there already, or nobody gets its mail.
messages-next-nobody-was-told = Nobody was told, as it has no sender.
messages-next-notice-lost = The notice is lost; nobody is told of that.

messages-actions = What you can do
messages-retry = Try again now
messages-retry-done = It is tried now.
messages-drop = Drop it
messages-drop-sure = Nobody is told, and it cannot be brought back.
messages-drop-done = It is dropped.
messages-not-waiting = It does not wait any more.
messages-being-sent = It is being sent right now; try again in a moment.
messages-held = It is held back, as its account must not send now.
messages-not-all-yours = It is for recipients of other domains too, so you cannot change it.
messages-block-legend = Block who sent it
messages-allow-legend = Allow who sent it
messages-pattern-address = only { $sender }
messages-pattern-domain = everybody at { $domain }
messages-for-alias = for { $alias }
messages-for-domain = for all aliases of { $domain }
messages-for-all = for all domains here
messages-block = Block
messages-allow = Allow
messages-block-done = { $pattern } is blocked.
messages-allow-done = { $pattern } is allowed.
messages-no-rule-here = Choose what it is for.
messages-explain = What would happen now
messages-explain-button = Explain the rules
messages-explain-hint = Asks DNS and the rules as they are now what would become of such a mail. Nothing is sent.
messages-explain-failed = That cannot be told now.
messages-explain-verdict-refused = It would be refused:
messages-explain-verdict-discarded = It would be thrown away.
messages-explain-verdict-munged = It would be forwarded, with the alias in From.
messages-explain-verdict-marked = It would be forwarded, marked as spam.
messages-explain-verdict-answered = It would leave as an answer of the alias.
messages-explain-verdict-forwarded = It would be forwarded.
messages-explain-alias = The alias { $alias } answers.
messages-explain-rule = The rule that decides:
messages-explain-rules = What the alias says:
messages-explain-checks = The checks:
messages-explain-class = What the destination would find:
messages-explain-destination = It leads to { $mailbox }, by { $hop }.
messages-explain-lost = It does not reach:
messages-explain-limit = How far its own limit is used:
messages-explain-list = A list in DNS says:
messages-explain-sent-as = It would leave with the sender { $address }.
messages-explain-header = Without the message itself, its signatures are not known.

# Queue
queue-title = Queue
queue-lead = Mail that waits here, the oldest first.
queue-none = Nothing waits.
queue-next = Next attempt
queue-attempts = Attempts
queue-reply = Last reply
queue-more = Later messages
queue-first = Back to the oldest
queue-retry-selected = Try the chosen again now
queue-drop-selected = Drop the chosen
queue-choose = Choose { $id }
queue-changed = { $count } changed.
queue-nothing-chosen = Nothing was chosen.
queue-state-queued = waits
queue-state-sending = is being sent
queue-state-uncertain = uncertain
queue-state-other = done

# Charts
chart-about = Each message counts once, when it came, as what became of it so far. Times are those of UTC. Refused recipients of one client within a minute count as one message.
chart-since = Whole hours and days are counted, from the first one that began after the domain was added here.
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
chart-none-yet = No messages came so far. As soon as some do, their numbers stand here by hour, day and month.
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
domains-check-asks = What you asked for before goes on, so this check has not begun. Try again in a minute.
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
domains-to = These aliases lead to
domains-to-hint = One or more mailboxes, one a line.
domains-digest = Digest for owners
domains-digest-hint = How often owners are told what came to their aliases, where an alias says nothing else.
domains-never = never
domains-daily = daily
domains-weekly = weekly
domains-save = Save settings
domains-changed-meanwhile = Somebody else changed these settings meanwhile: nothing of yours is saved. Here they are as they are now.
domains-saved = The settings are saved.
domains-blocks = Blocked senders
domains-no-blocks = No sender is blocked for all of the domain.
domains-block-sender = Sender
domains-block-note = Note
domains-block-since = Since
domains-block-new = Block a sender
domains-block-hint = An address, @domain, or *.domain for all below it. It is refused for all aliases of the domain.
domains-block = Block sender
domains-blocked = { $sender } is blocked for all of the domain.
domains-unblock = Unblock
domains-unblock-one = Unblock { $sender }
domains-unblocked = { $sender } is not blocked any more.
domains-not-blocked = { $sender } was not blocked for the whole domain, so nothing has changed.
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
overview-to-queue = All that waits, to try again or to drop
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
