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

# Aliases
aliases-title = Aliases
aliases-new = New alias
aliases-one = Alias
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
aliases-to-messages = Its messages
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
aliases-explain-busy = Others ask the same now. Ask again in a moment.
aliases-explain-button = Explain
aliases-explain-refused = It would be refused.
aliases-explain-discarded = It would be accepted and thrown away.
aliases-explain-munged = It would be forwarded, and come from the alias, as its own From cannot be proven.
aliases-explain-marked = It would be forwarded and marked as spam.
aliases-explain-answered = It would leave as an answer of the alias.
aliases-explain-forwarded = It would be forwarded.
aliases-explain-alias = Answered by
aliases-explain-rule = Rule that decides
aliases-explain-rules = Rules
aliases-explain-checks = Checks
aliases-explain-reply = Reply

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
blocks-no-domain = { $domain } is not hosted here

# Tokens
tokens-title = Tokens
tokens-about = What programs show that ask the API: password managers, scripts. One for each, so that each can be revoked alone.
tokens-none = There are no tokens yet. Make one below for each program.
tokens-label = Name
tokens-label-hint = What it is for: “password manager”, “phone”.
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
