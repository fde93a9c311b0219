# The words of the page. A block for each part; keys begin with its name.

# Around every page
shell-skip = Zum Inhalt springen
shell-nav = Seiten
shell-undo = Rückgängig
shell-log-out = Abmelden
role-admin = Verwaltung
role-owner = Inhaber
tab-overview = Überblick
tab-aliases = Aliasse
tab-messages = Nachrichten
tab-domains = Domains
tab-tokens = Token
tab-accounts = Konten
tab-sessions = Sitzungen

# Times
ago-now = gerade eben
ago-minutes = { $count ->
    [one] vor einer Minute
   *[other] vor { $count } Minuten
}
ago-hours = { $count ->
    [one] vor einer Stunde
   *[other] vor { $count } Stunden
}
ago-days = { $count ->
    [one] vor einem Tag
   *[other] vor { $count } Tagen
}

# Getting in
login-title = Anmelden
login-how = Hier gibt es keine Passwörter. Ein Link führt hinein, ein einziges Mal und nur in den zehn Minuten, nachdem er gemacht wurde.
login-step-ask = Wer diesen Server betreibt, gibt mit diesem Befehl einen Link aus:
login-step-owner = Für jemanden, dem eine Domain gehört und der von anderen nichts sieht:
login-step-follow = Öffnen Sie den Link in diesem Browser und drücken Sie dort den Knopf.
login-offer-title = Bei Onward anmelden
login-offer = Dieser Link ist gültig. Er gilt einmal: Drücken Sie den Knopf, um sich mit diesem Browser anzumelden.
login-enter = Anmelden
login-hours = Sie bleiben { $hours } Stunden angemeldet, oder bis Sie sich abmelden.
login-no-cookie-title = Ihr Browser hat die Sitzung nicht behalten
login-no-cookie = Sie waren angemeldet, aber der Browser hat das Cookie nicht behalten, das es belegt.
login-no-cookie-https = Browser behalten es über https, oder unter http://localhost und http://127.0.0.1 auf demselben Rechner. Wenn die Adresse oben mit http:// und einem anderen Namen beginnt, lassen Sie sich einen Link mit https geben. Wenn Cookies für diese Seite abgeschaltet sind, erlauben Sie sie.
login-no-cookie-again = Der Link ist verbraucht. Lassen Sie sich einen neuen geben.

# Sessions
sessions-title = Sitzungen
sessions-about = Wer angemeldet ist, und Links, denen noch niemand gefolgt ist. Was Sie beenden, ist sofort vorbei.
sessions-caption = Sitzungen und Links
sessions-who = Wer
sessions-may = Sieht
sessions-used = Zuletzt benutzt
sessions-client = Von
sessions-ends = Endet
sessions-actions = Aktionen
sessions-all = alles
sessions-own = Sie, hier
sessions-link = Link, noch nicht benutzt
sessions-not-used = noch nie
sessions-revoke = Beenden
sessions-revoke-one = Sitzung { $id } beenden
sessions-revoked = Sitzung { $id } ist beendet.
sessions-none = Niemand hat hier eine Sitzung: Ihr Proxy lässt Sie herein. Ein Link für jemand anderen: onward web login

# What went wrong
trouble-to-login = Anmelden
trouble-to-start = Zur ersten Seite
trouble-malformed = Das ist nicht lesbar
trouble-malformed-text = Der Browser hat etwas gesendet, das kein Formular dieser Seite ist. Gehen Sie zurück, laden Sie die Seite neu und versuchen Sie es noch einmal.
trouble-not-found = Diese Seite gibt es nicht
trouble-not-found-text = Hier ist nichts mit diesem Namen, oder Sie dürfen es nicht sehen.
trouble-no-link = Dieser Link gilt nicht
trouble-no-link-text = Er wurde schon benutzt, ist älter als zehn Minuten oder nicht vollständig. Lassen Sie sich einen neuen geben.
trouble-method = Das geht hier nicht
trouble-method-text = Die Adresse gibt es, aber nicht für das, was der Browser dort tun wollte.
trouble-no-session = Sie sind nicht angemeldet
trouble-no-session-text = Ihre Sitzung ist zu Ende, darum wurde nichts geändert. Melden Sie sich wieder an und senden Sie es noch einmal.
trouble-other-site = Das kam von einer anderen Website
trouble-other-site-text = Eine Seite einer anderen Website hat das gesendet, darum wurde nichts geändert. Wenn Sie selbst auf dieser Seite waren, ändert ein Proxy davor das Feld Host: Er muss es lassen, wie es ist.
trouble-wait = Zu viele Versuche
trouble-wait-text = Von Ihrer Adresse kamen zu viele falsche Links. Versuchen Sie es { $seconds ->
    [one] in einer Sekunde
   *[other] in { $seconds } Sekunden
} wieder.
trouble-too-large = Das ist zu viel auf einmal
trouble-too-large-text = Ein Formular fasst höchstens 64 KiB. Senden Sie es in Teilen.
trouble-slow = Das kam zu langsam an
trouble-slow-text = Das ganze Formular muss innerhalb von 10 Sekunden ankommen. Versuchen Sie es mit einer besseren Verbindung noch einmal.
trouble-late = Die Antwort dauert zu lange
trouble-late-text = Was begonnen wurde, geht weiter. Sehen Sie nach, ob es getan ist, bevor Sie es noch einmal senden.
trouble-failed = Hier ist etwas schiefgegangen
trouble-failed-text = Es liegt nicht an Ihnen. Das Protokoll des Servers sagt, was es war.
trouble-unavailable = Die Datenbank ist gerade nicht benutzbar
trouble-unavailable-text = Es wurde nichts geändert. Versuchen Sie es gleich noch einmal; das Protokoll des Servers sagt, warum.
