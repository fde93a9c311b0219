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
login-step-owner = For somebody who owns a domain, and sees nothing of others:
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
