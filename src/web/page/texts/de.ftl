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
login-step-owner = Oder für jemanden, dem eine Domain gehört und der von anderen nichts sieht:
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

# Aliasse
aliases-title = Aliasse
aliases-new = Neuer Alias
aliases-one = Alias
aliases-to-blocks = Gesperrte Absender
aliases-search = Suche
aliases-search-button = Suchen
aliases-domain = Domain
aliases-all-domains = Alle Domains
aliases-state = Zustand
aliases-state-any = Ein oder aus
aliases-state-on = Ein
aliases-state-off = Aus
aliases-unused = Ungenutzt
aliases-unused-any = Genutzt oder nicht
aliases-unused-days = Seit { $days } Tagen ungenutzt
aliases-note = Notiz
aliases-note-hint = Für Sie selbst: wofür die Adresse ist. Mit einem Namen wie shop.example beginnt die angebotene Adresse mit diesem.
aliases-address = Adresse
aliases-leads-to = Führt zu
aliases-last-days = Letzte { $days } Tage
aliases-forwarded = Angenommen
aliases-refused = Abgelehnt
aliases-last-use = Letzte Mail
aliases-switch = Ein oder aus
aliases-pick = Ausgewählt
aliases-pick-all = Alle dieser Seite auswählen
aliases-pick-one = { $address } auswählen
aliases-never = nie
aliases-more = { $count ->
    [one] und eine weitere
   *[other] und { $count } weitere
}
aliases-rejects = lehnt seine Mail ab
aliases-defers = vertröstet seine Mail
aliases-discards = nimmt seine Mail an und wirft sie weg
aliases-is-on = ein
aliases-is-off = aus
aliases-is-past = beendet
aliases-is-used-up = aufgebraucht
aliases-enable = Einschalten
aliases-disable = Ausschalten
aliases-enable-one = { $address } einschalten
aliases-disable-one = { $address } ausschalten
aliases-quiet = Keine Mail in den letzten { $days } Tagen
aliases-busy = In den letzten { $days } Tagen { $forwarded } angenommen und { $refused } abgelehnt; die meisten am { $date }: { $most }
aliases-none-yet = Es gibt noch keine Aliasse. Ein Alias ist eine Adresse, deren Mail an Postfächer weitergeht, die Sie nennen.
aliases-make-first = Den ersten Alias anlegen
aliases-none-found = Kein Alias passt zu dem, was Sie suchen. Versuchen Sie weniger oder andere Wörter.
aliases-none-here = Bisher nichts gefunden; die Suche geht auf der nächsten Seite weiter.
aliases-show-all = Alle Aliasse zeigen
aliases-pages = Seiten der Liste
aliases-first-page = Erste Seite
aliases-next-page = Nächste Seite
aliases-with-picked = Mit den ausgewählten
aliases-do = Was zu tun ist
aliases-do-enable = Einschalten
aliases-do-disable = Ausschalten
aliases-do-delete = Löschen
aliases-do-note = Notiz setzen
aliases-do-replace = Ein Ziel ersetzen
aliases-do-note-text = Notiz (leer: keine)
aliases-do-old = Zu ersetzendes Ziel
aliases-do-new = Neues Ziel
aliases-do-button = Ausführen
aliases-none-picked = Kein Alias ist ausgewählt: kreuzen Sie an, welche gemeint sind.
aliases-done-enabled = { $count ->
    [0] Kein Alias wurde eingeschaltet.
    [one] Ein Alias ist eingeschaltet.
   *[other] { $count } Aliasse sind eingeschaltet.
}
aliases-done-disabled = { $count ->
    [0] Kein Alias wurde ausgeschaltet.
    [one] Ein Alias ist ausgeschaltet: seine Mail wird abgelehnt.
   *[other] { $count } Aliasse sind ausgeschaltet: ihre Mail wird abgelehnt.
}
aliases-done-removed = { $count ->
    [0] Kein Alias wurde gelöscht.
    [one] Ein Alias ist gelöscht: seine Mail wird abgelehnt.
   *[other] { $count } Aliasse sind gelöscht: ihre Mail wird abgelehnt.
}
aliases-done-changed = { $count ->
    [0] Kein Alias wurde geändert.
    [one] Ein Alias ist geändert.
   *[other] { $count } Aliasse sind geändert.
}
aliases-done-same = { $count ->
    [one] Einer war schon so.
   *[other] { $count } waren schon so.
}
aliases-done-failed = { $count ->
    [one] Einer bleibt, wie er ist:
   *[other] { $count } bleiben, wie sie sind, darunter:
}
aliases-left-out = { $address }: { $why };
aliases-why-changed = jemand hat ihn inzwischen geändert, sehen Sie ihn noch einmal an
aliases-why-gone = es gibt ihn nicht mehr
aliases-undone = { $count ->
    [0] Nichts wurde zurückgenommen.
    [one] Zurückgenommen: ein Alias ist, wie er war.
   *[other] Zurückgenommen: { $count } Aliasse sind, wie sie waren.
}
aliases-undo-late = Das lässt sich nicht mehr zurücknehmen. Von Hand können Aliasse wieder geändert werden.
aliases-name = Adresse des Alias
aliases-name-hint = Was vor dem @ steht. * nimmt alles, was sonst nichts in der Domain beantwortet; /…/ ist ein regulärer Ausdruck über die ganze Adresse.
aliases-another-name = Anderer Name
aliases-make = Alias anlegen
aliases-made = { $address } nimmt jetzt Mail an.
aliases-exists = es gibt schon einen Alias dieser Adresse
aliases-no-domain = { $domain } wird hier nicht betreut
aliases-back = Zurück zur Liste
aliases-action = Was mit seiner Mail geschieht
aliases-action-forward = Sie wird weitergeleitet
aliases-action-reject = Sie wird abgelehnt
aliases-action-defer = Sie wird vertröstet: Absender versuchen es später wieder
aliases-action-discard = Sie wird angenommen und weggeworfen
aliases-destinations = Ziele
aliases-destinations-hint = Postfächer, die die Mail bekommen, eines pro Zeile.
aliases-text = Text der Ablehnung
aliases-text-hint = Nur bei einem Alias, der ablehnt oder vertröstet: was Absender lesen.
aliases-enabled = Eingeschaltet
aliases-expires = Endet (UTC)
aliases-expires-hint = Von da an wird seine Mail abgelehnt. Leer: nie.
aliases-rules = Regeln für seine Mail
aliases-max-messages = Zahl der Nachrichten, die er annimmt
aliases-max-messages-hint = Nach so vielen wird seine Mail abgelehnt. Leer: beliebig viele.
aliases-allow = Erlaubte Absender
aliases-allow-hint = Angenommen, was auch sonst gesperrt ist; einer pro Zeile: news@shop.example, @shop.example oder *.shop.example.
aliases-block = Gesperrte Absender
aliases-block-hint = Abgelehnt; einer pro Zeile, in denselben Formen. * lehnt jeden ab, der nicht erlaubt ist.
aliases-limit = Höchstens so viel Mail in einer Zeit
aliases-limit-hint = Zum Beispiel 30/1h. Darüber werden Absender gebeten, es später wieder zu versuchen.
aliases-spam = Spam
aliases-spam-mark = Markiert und weitergeleitet
aliases-spam-refuse = Abgelehnt
aliases-keep-tag = Behalten, was hinter einem + steht
aliases-as-server = Wie der Server es sagt
aliases-as-domain = Wie die Domain es sagt
aliases-yes = Ja
aliases-no = Nein
aliases-digest = Bericht an den Besitzer
aliases-digest-off = Nie
aliases-digest-daily = Täglich
aliases-digest-weekly = Wöchentlich
aliases-reply-by-address = Antworten dürfen als dieser Alias gehen
aliases-reply-by-address-hint = Mail kommt dann von einer Adresse, an die man antworten kann; die Antworten gehen als der Alias.
aliases-remove = Löschen
aliases-remove-hint = Zehn Sekunden lang lässt sich eine Löschung zurücknehmen, mit Regeln und Zählern. Mail, die inzwischen abgelehnt wird, kommt nicht wieder.
aliases-use = Nutzung
aliases-since = Gezählt seit
aliases-refused-block = Absender gesperrt
aliases-refused-limit = über seiner Grenze
aliases-refused-disabled = ausgeschaltet
aliases-refused-expired = beendet
aliases-refused-used-up = nahm so viele an, wie er sollte
aliases-refused-alias = lehnt selbst ab
aliases-refused-list = Absender auf einer Liste im DNS
aliases-refused-spam = Spam
aliases-refused-authentication = Absender nicht bewiesen
aliases-refused-destination = vom Ziel abgelehnt
aliases-refused-other = andere Gründe
aliases-leads-finally = Wo seine Mail ankommt
aliases-to-messages = Seine Nachrichten
aliases-change = Ändern
aliases-save = Speichern
aliases-stale = Jemand anders hat diesen Alias geändert, während Sie es taten. Von Ihnen ist nichts gespeichert. Unten steht, was Sie eingegeben haben; wo der Alias inzwischen etwas anderes sagt, sagt er:
aliases-stale-empty = nichts
aliases-explain = Was aus einer Nachricht würde
aliases-explain-hint = Geht durch Regeln und Prüfungen wie eine echte Nachricht. Gesendet wird nichts.
aliases-explain-to = An
aliases-explain-from = Von
aliases-explain-ip = Adresse des Clients
aliases-explain-wrong = Hier wird etwas wie { $example } erwartet.
aliases-explain-busy = Andere fragen gerade dasselbe. Fragen Sie gleich noch einmal.
aliases-explain-button = Erklären
aliases-explain-refused = Sie würde abgelehnt.
aliases-explain-discarded = Sie würde angenommen und weggeworfen.
aliases-explain-munged = Sie würde weitergeleitet und käme vom Alias, da ihr eigenes From nicht bewiesen werden kann.
aliases-explain-marked = Sie würde weitergeleitet und als Spam markiert.
aliases-explain-answered = Sie ginge als Antwort des Alias.
aliases-explain-forwarded = Sie würde weitergeleitet.
aliases-explain-alias = Beantwortet von
aliases-explain-rule = Regel, die entscheidet
aliases-explain-rules = Regeln
aliases-explain-checks = Prüfungen
aliases-explain-reply = Antwort

# Sperren
blocks-title = Gesperrte Absender
blocks-about = Mail dieser Absender wird für alle Aliasse einer Domain abgelehnt. Was ein Alias selbst erlaubt, ist ausgenommen.
blocks-pattern = Absender
blocks-pattern-hint = news@shop.example, @shop.example oder *.shop.example
blocks-domain = Für die Aliasse von
blocks-domain-hint = Eine Domain; leer für alle.
blocks-of-all = alle Domains
blocks-note = Notiz
blocks-since = Seit
blocks-actions = Aktionen
blocks-none = Niemand ist gesperrt. Eine Sperre lohnt sich, wo ein Absender viele Aliasse stört; für einen Alias genügen seine eigenen Regeln.
blocks-add = Einen Absender sperren
blocks-add-button = Sperren
blocks-added = Mail von { $pattern } wird von jetzt an abgelehnt.
blocks-remove = Entsperren
blocks-remove-one = { $pattern } entsperren
blocks-removed = Mail von { $pattern } wird wieder angenommen.
blocks-no-domain = { $domain } wird hier nicht betreut

# Token
tokens-title = Token
tokens-about = Was Programme zeigen, die die API fragen: Passwortmanager, Skripte. Eines für jedes, damit jedes einzeln widerrufen werden kann.
tokens-none = Es gibt noch keine Token. Legen Sie unten eines für jedes Programm an.
tokens-label = Name
tokens-label-hint = Wofür es ist: „Passwortmanager“, „Telefon“.
tokens-scope = Was es darf
tokens-scope-create = Aliasse anlegen
tokens-scope-manage = alle Aliasse einer Domain verwalten
tokens-scope-admin = alles
tokens-scope-wrong = wählen Sie, was es darf
tokens-domain = Domain
tokens-domain-hint = Bei einem Token, das alles darf: keine.
tokens-no-domain = { $domain } wird hier nicht betreut
tokens-needs-domain = ein Token, das Aliasse anlegt oder verwaltet, ist für eine Domain
tokens-of-all = alle
tokens-destinations = Wohin seine Aliasse führen
tokens-destinations-hint = Postfächer, eines pro Zeile. Ein Token, das Aliasse anlegt, braucht eines.
tokens-needs-destination = die Aliasse, die dieses Token anlegt, führen zu festen Postfächern: nennen Sie eines
tokens-too-many-destinations = höchstens { $most } Postfächer
tokens-too-many = es gibt schon { $most } Token, mehr dürfen es nicht sein; widerrufen Sie zuerst eines
tokens-format = Wie erfundene Adressen aussehen
tokens-format-characters = zufällige Zeichen: k7f2qdxm
tokens-format-words = Wörter: maple.otter.canyon47
tokens-format-site = Name der Seite und Zeichen: shop.k7f2qdxm
tokens-format-uuid = UUID
tokens-format-wrong = wählen Sie, wie Adressen aussehen
tokens-limit = Höchstens so viele Änderungen am Tag
tokens-limit-hint = Leer: 100 bei einem Token, das Aliasse anlegt, 1000 bei einem, das sie verwaltet.
tokens-limit-wrong = eine ganze Zahl ab 1
tokens-expires = Endet
tokens-expires-hint = Nach diesem Tag (UTC) nichts mehr wert. Leer: nie.
tokens-expires-wrong = ein Tag wie 2026-12-31
tokens-expires-past = dieser Tag ist vorbei
tokens-no-end = nie
tokens-today = Änderungen heute
tokens-used = Zuletzt benutzt
tokens-never = nie
tokens-actions = Aktionen
tokens-add = Neues Token
tokens-add-button = Token anlegen
tokens-made = Das Token ist angelegt
tokens-once = Hier ist es, dieses eine Mal. Kopieren Sie es jetzt: aufbewahrt wird nur ein Hash.
tokens-copy = Kopieren
tokens-copied = Kopiert
tokens-back = Zu den Token
tokens-revoke = Widerrufen
tokens-revoke-one = { $label } widerrufen
tokens-revoked = { $label } ist nichts mehr wert.

# Konten
accounts-title = Konten
accounts-about = Wer über diesen Server Mail senden darf, und als wer. Jedes Programm bekommt ein eigenes Passwort.
accounts-none = Es gibt noch keine Konten. Legen Sie unten eines an für jeden, der Mail senden soll.
accounts-name = Konto
accounts-name-hint = Eine Adresse; Mailprogramme melden sich mit ihr an.
accounts-state = Zustand
accounts-is-enabled = darf senden
accounts-is-disabled = ausgeschaltet
accounts-is-frozen = eingefroren
accounts-send-as = Sendet als
accounts-send-as-hint = Adressen von Aliassen oder *@domain, eine pro Zeile. Leer: als sein eigener Name.
accounts-more = { $count ->
    [one] und eine weitere
   *[other] und { $count } weitere
}
accounts-passwords = Passwörter
accounts-actions = Aktionen
accounts-label = Name eines Passworts
accounts-label-of = Name eines neuen Passworts von { $account }
accounts-label-hint = Was es benutzt: „Telefon“.
accounts-label-taken = das Konto hat schon ein Passwort dieses Namens
accounts-exists = es gibt schon ein Konto dieses Namens
accounts-not-hosted = hier sendet niemand als { $address }: seine Domain wird nicht betreut
accounts-no-alias = hier sendet niemand als { $address }: kein eingeschalteter Alias beantwortet die Adresse
accounts-too-many-addresses = ein Konto sendet als höchstens { $most } Adressen
accounts-too-many-passwords = das Konto hat schon { $most } Passwörter, mehr dürfen es nicht sein
accounts-add = Neues Konto
accounts-add-button = Konto und Passwort anlegen
accounts-once = Hier ist es, dieses eine Mal. Kopieren Sie es jetzt: aufbewahrt wird nur ein Hash.
accounts-password = Passwort
accounts-password-made = Das Passwort ist angelegt
accounts-password-add = Passwort anlegen
accounts-no-password = Für { $account } wurde kein Passwort angelegt: { $why }
accounts-password-revoke = Widerrufen
accounts-password-revoke-one = Das Passwort { $label } von { $account } widerrufen
accounts-password-revoked = Das Passwort { $label } von { $account } ist nichts mehr wert.
accounts-back = Zu den Konten
accounts-enable = Senden lassen
accounts-enable-one = { $account } senden lassen
accounts-enabled = { $account } darf senden.
accounts-disable = Ausschalten
accounts-disable-one = { $account } ausschalten
accounts-disabled = { $account } sendet nichts mehr; was wartet, bleibt, bis es wieder darf.
accounts-next = Nächste Seite
