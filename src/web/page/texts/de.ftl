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
sessions-with-tokens = samt den Token, die sie angelegt hat ({ $count })
sessions-tokens-go-on = Token, die sie angelegt hat und die weiter gelten: { $count }.
sessions-tokens-ended = Token, die sie angelegt hat und die mit ihr endeten: { $count }.
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
trouble-other-host = Diese Seite heißt anders
trouble-other-host-text = Der Server antwortet nicht unter dem Namen, unter dem Ihr Browser ihn erreicht hat. Wer ihn betreibt, sagt mit web.hosts in der Konfiguration, welche Namen er hat.
trouble-proxy = Über diesen Proxy kommt niemand herein
trouble-proxy-name-text = Der Proxy vor dieser Seite schickt ein Remote-User, dem nicht geglaubt werden kann: nur einem einzigen Namen aus höchstens 200 ASCII-Zeichen wird geglaubt.
trouble-proxy-host-text = Der Proxy vor dieser Seite sagt, wer Sie sind, und ihm wird nicht geglaubt: web.hosts in der Konfiguration des Servers muss den Namen haben, unter dem Ihr Browser ihn erreicht.
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
trouble-long-head-text = Der Kopf der Anfrage, mit allen Cookies, die der Browser für diesen Rechner hat, hat mehr als 16 KiB oder mehr als 100 Felder.
trouble-slow = Das kam zu langsam an
trouble-slow-text = Das ganze Formular muss innerhalb von 10 Sekunden ankommen. Versuchen Sie es mit einer besseren Verbindung noch einmal.
trouble-late = Die Antwort dauert zu lange
trouble-late-text = Was begonnen wurde, geht weiter. Sehen Sie nach, ob es getan ist, bevor Sie es noch einmal senden.
trouble-failed = Hier ist etwas schiefgegangen
trouble-failed-text = Es liegt nicht an Ihnen. Das Protokoll des Servers sagt, was es war.
trouble-unavailable = Die Datenbank ist gerade nicht benutzbar
trouble-unavailable-text = Was verlangt war, geschah nicht, oder nicht ganz. Versuchen Sie es gleich noch einmal; das Protokoll des Servers sagt, warum.

# Aliasse
aliases-title = Aliasse
aliases-new = Neuer Alias
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
aliases-pick-found = Alle, die diese Suche findet, auch auf anderen Seiten
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
aliases-too-many-picked = { $count } Aliasse sind ausgewählt, und { $most } sind das meiste auf einmal: Es wurde nichts getan.
aliases-all-title = Alle, die die Suche findet
aliases-all-enable = { $count ->
    [one] Ein Alias ist gefunden. Soll er eingeschaltet werden?
   *[other] { $count } Aliasse sind gefunden. Sollen alle eingeschaltet werden?
}
aliases-all-disable = { $count ->
    [one] Ein Alias ist gefunden. Soll er ausgeschaltet werden? Seine Mail wird dann abgelehnt.
   *[other] { $count } Aliasse sind gefunden. Sollen alle ausgeschaltet werden? Ihre Mail wird dann abgelehnt.
}
aliases-all-delete = { $count ->
    [one] Ein Alias ist gefunden. Soll er gelöscht werden? Seine Mail wird dann abgelehnt.
   *[other] { $count } Aliasse sind gefunden. Sollen alle gelöscht werden? Ihre Mail wird dann abgelehnt.
}
aliases-all-other = Inzwischen sind es andere, also wurde nichts getan. Sehen Sie es sich noch einmal an.
aliases-all-typed = Um sie zu löschen, tippen Sie, wie viele: { $count }
aliases-all-typed-wrong = Nichts wurde gelöscht: { $count } war zu tippen.
aliases-all-not = Nein, zurück zur Liste
aliases-all-not-so = Was eine Suche findet, kann als Ganzes eingeschaltet, ausgeschaltet oder gelöscht werden; das Übrige ist für angekreuzte.
aliases-all-too-many = Mehr als { $most } sind gefunden, und das ist das meiste auf einmal: Es wurde nichts getan. Suchen Sie enger.
aliases-all-late = Diese Suche dauert zu lange, um danach etwas zu ändern: Es wurde nichts getan. Suchen Sie enger.
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
aliases-undo-broken = Die Datenbank war nicht benutzbar, und noch ist nichts zurückgenommen. Es lässt sich noch einmal versuchen.
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
aliases-explain-button = Erklären

# What is wrong with what somebody typed
fault-missing = fehlt
fault-past = dieser Zeitpunkt ist vorbei: ein Ende liegt in der Zukunft
fault-other = das wird hier nicht angenommen
fault-same = { $text } ist das Ziel, das schon da steht
fault-template = { $text } kann kein Postfach ersetzen: ein Alias mit regulärem Ausdruck liest $1 als das, was eine Gruppe gefunden hat
fault-not-forwarding = nur ein Alias, der weiterleitet, hat Ziele
fault-not-replying = nur ein Alias, der ablehnt oder vertröstet, hat einen Text
fault-exists = es gibt schon einen Alias { $address }
fault-no-alias = es gibt keinen Alias { $address }
fault-not-hosted = { $domain } wird hier nicht betreut
fault-literal = { $domain } ist eine Adresse des Netzes; eine Domain hat einen Namen
fault-loop = Mail liefe im Kreis: die Aliasse führten zu sich selbst zurück
fault-too-deep = Mail ginge durch zu viele Aliasse hintereinander
fault-too-many-patterns = es gibt schon { $most } reguläre Ausdrücke, und mehr dürfen es nicht sein
fault-srs-shaped = { $address } hat die Form eines umgeschriebenen Absenders (SRS), für den kein Alias gefragt wird
fault-too-many-blocks = es wären { $count } Sperren, und { $most } sind das meiste; @shop.example steht für alle einer Domain
fault-blocks-everything = * würde alle Mail sperren; das kann nur ein einzelner Alias, in seinen eigenen Regeln
fault-changed = jemand hat es inzwischen geändert, sehen Sie es noch einmal an
fault-alias-address = { $text } ist keine Adresse eines Alias: { $why }. Gemeint ist ein Name wie shop, * für alles, was sonst nichts beantwortet, oder ein regulärer Ausdruck wie /^sales-(.+)@example\.org$/
fault-regex-slashes = { $text } ist keine Adresse eines Alias: ein regulärer Ausdruck steht zwischen Schrägstrichen, etwa /^info-.*@example\.org$/
fault-no-pattern = { $text } ist keine Adresse eines Alias: * steht nur allein für jede Adresse. Was Sie vielleicht meinen, sagt ein regulärer Ausdruck: { $regex }
fault-unseen = { $text } enthält ein Zeichen, das niemand sieht, { $code }, und könnte für eine andere Adresse gehalten werden: lassen Sie es weg
fault-regex = { $text } ist kein brauchbarer regulärer Ausdruck: prüfen Sie Klammern und Zeichen, und halten Sie ihn kurz
fault-destination = { $text } ist kein Ziel: { $why }
fault-destination-template = { $text } ist kein Ziel: es nennt eine Gruppe, die der reguläre Ausdruck nicht hat, oder ist falsch geschrieben
fault-no-mailbox = { $text } ist kein Postfach wie ich@postfach.example
fault-no-destination = nennen Sie mindestens ein Postfach, das die Mail bekommt
fault-too-many-destinations = ein Alias hat höchstens { $most } Ziele; machen Sie aus einigen wieder Aliasse
fault-destinations = nennen Sie 1 bis { $most } Postfächer
fault-text = der Text wird Teil einer Antwort des Servers: 1 bis { $most } Buchstaben, Ziffern und Zeichen aus ASCII, in einer Zeile und ohne Umlaute
fault-keep-tag = nur ein Alias mit einer einzigen Adresse, der weiterleitet, hat etwas hinter einem + zu behalten
fault-reply-by-address = nur ein Alias mit einer einzigen Adresse ohne +, der weiterleitet, kann über eine Adresse beantwortet werden
fault-sender = { $text } nennt keinen Absender: gemeint ist news@shop.example, @shop.example für alle der Domain oder *.shop.example für die Domains darunter
fault-too-many-senders = höchstens { $most } Absender; @shop.example steht für alle einer Domain
fault-allows-everybody = erlaubt ist jeder, der nicht gesperrt ist: * gehört zu den gesperrten und meint jeden, der nicht erlaubt ist
fault-no-such-sender = { $text } ist nicht darunter
fault-note = höchstens { $most } Zeichen in einer Zeile, keines davon verborgen oder eines, das die Schreibrichtung dreht
fault-messages = eine Zahl von 1 bis { $most } oder nichts
fault-limit = { $text } ist keine Grenze: gemeint ist etwas wie 30/1h, also 30 Nachrichten in einer Stunde
fault-time = { $text } ist kein Zeitpunkt: gemeint ist etwas wie 2026-12-31T12:00, in UTC
fault-address-no-at = eine Adresse ist name@domain
fault-address-local = vor dem @ steht ein Zeichen, das nicht dorthin gehört
fault-address-control = eine Adresse hat keine Steuerzeichen
fault-address-local-long = was vor dem @ steht, ist zu lang
fault-address-domain = das ist kein gültiger Name einer Domain, wie example.org einer ist
fault-address-dot = der Name der Domain endet mit einem Punkt: lassen Sie ihn weg
fault-address-domain-long = die Domain oder ein Teil davon zwischen Punkten ist zu lang
fault-address-literal = in Klammern steht eine Adresse des Netzes: [192.0.2.1] oder [IPv6:2001:db8::1]
fault-address-long = die Adresse ist länger als 256 Zeichen
fault-address-brackets = schreiben Sie die Adresse allein, ohne spitze Klammern
fault-send-as = niemand sendet als { $text }: { $why }. Gemeint ist eine Adresse, oder *@domain für eine ganze Domain
fault-send-as-pattern = niemand sendet als { $text }: nennen Sie die Adressen, oder *@domain für eine ganze Domain
fault-send-as-literal = { $text } gehört zu einer Adresse des Netzes, die hier keine eigene Mail hat
fault-sends-as-nobody = ein Konto sendet als mindestens eine Adresse
fault-label = ein Name von 1 bis 64 Zeichen in einer Zeile, etwa „Telefon“

# Explaining, of an alias and of a message
explain-asks = Was Sie vorher gefragt haben, ist noch nicht beantwortet. Fragen Sie gleich noch einmal.
explain-busy = Andere fragen gerade dasselbe. Fragen Sie gleich noch einmal.

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
blocks-not-blocked = { $pattern } war nicht gesperrt, darum hat sich nichts geändert.
blocks-no-domain = { $domain } wird hier nicht betreut

# Token
tokens-title = Token
tokens-about = Was Programme zeigen, die die API fragen: Passwortmanager, Skripte. Eines für jedes, damit jedes einzeln widerrufen werden kann.
tokens-none = Es gibt noch keine Token. Legen Sie unten eines für jedes Programm an.
tokens-label = Name
tokens-label-hint = Wofür es ist: „Passwortmanager“, „Telefon“.
tokens-made-by = angelegt von
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

# Nachrichten
messages-title = Nachrichten
messages-lead = Was aus jeder Mail geworden ist, die neueste zuerst.
messages-field-from = Absender
messages-field-to = Empfänger oder Postfach
messages-field-since = Von (UTC)
messages-field-until = Bis (UTC)
messages-field-outcome = Ergebnis
messages-any-outcome = jedes
messages-hint-address = Eine Adresse oder @domain
messages-find = Finden
messages-clear = Leeren
messages-none = Keine Nachricht gefunden.
messages-none-yet = Noch ist keine Nachricht gekommen. Sobald Mail an einen Ihrer Aliasse kommt, steht sie hier.
messages-so-far = Gesucht zurück bis
messages-go-on = Weiter zurück suchen
messages-older = Ältere Nachrichten
messages-newest = Zurück zu den neuesten
messages-column-time = Zeit
messages-column-from = Von
messages-column-to = An
messages-column-outcome = Ergebnis
messages-column-reply = Antwort
messages-error-address = Das ist keine Adresse: schreiben Sie name@example.org oder @example.org
messages-error-sender = Das ist kein Absender: schreiben Sie name@example.org, @example.org oder <> für Bounces
messages-error-time = Das ist keine Zeit: schreiben Sie 2026-01-31 oder 2026-01-31T12:00
messages-error-outcome = Ein solches Ergebnis gibt es nicht
messages-recent = Letzte Nachrichten
messages-recent-none = An diese Adresse ist keine Nachricht gefunden.
messages-recent-all = Alle seine Nachrichten
messages-recent-of-domain = Nachrichten an seine Domain
messages-one = Eine Nachricht
messages-id = Kennung
messages-back = Alle Nachrichten

messages-outcome-forwarded = weitergeleitet
messages-outcome-partial = teilweise weitergeleitet
messages-outcome-refused = abgelehnt
messages-outcome-deferred = aufgeschoben
messages-outcome-spooled = wartet hier
messages-outcome-bounced = kam zurück
messages-outcome-failed = gescheitert
messages-outcome-dropped = verworfen
messages-outcome-discarded = weggeworfen
messages-outcome-aborted = abgebrochen

messages-outcome-taken = angenommen

messages-step-sender = Wer sie schickte
messages-step-client = Woher
messages-step-checks = Was die Prüfungen ergaben
messages-step-ours = Was hier geschah
messages-step-destination = Was das Ziel sagte
messages-step-next = Wie es weitergeht

messages-sender = Laut Umschlag schickte sie { $sender }.
messages-sender-own = Es ist eine Mitteilung, die hier geschrieben wurde.
messages-sender-null = Sie hat keinen Absender: es ist ein Bounce oder eine Mitteilung eines anderen Servers.
messages-sender-account = Das Konto { $account } schickte sie.
messages-sender-some-account = Jemand mit einem Konto auf diesem Server schickte sie.
messages-author = From nennt eine Adresse bei { $domain }.
messages-recipients = Sie ist für { $recipients }.
messages-recipients-more = Sie ist für { $recipients } und { $more } weitere.
messages-size = Ihre Größe ist { $size }.
messages-client = { $client } brachte sie und nannte sich { $helo }.
messages-client-silent = { $client } brachte sie.
messages-client-local = Ein Programm auf dieser Maschine brachte sie.
messages-client-plaintext = Die Verbindung war nicht verschlüsselt.
messages-client-tls = Die Verbindung war verschlüsselt: { $tls }.

messages-checks-none = Nichts wurde geprüft: was aus ihr wird, stand vorher fest.
messages-spf-pass = SPF besteht: { $domain } lässt diesen Server seine Mail schicken.
messages-spf-fail = SPF scheitert: { $domain } sagt, dass dieser Server seine Mail nicht schicken darf. Sie kann gefälscht sein, oder jemand leitete sie schon weiter.
messages-spf-softfail = SPF scheitert weich: { $domain } sagt, dass dieser Server seine Mail wohl nicht schicken darf.
messages-spf-neutral = SPF ist neutral: { $domain } sagt nichts zu diesem Server.
messages-spf-none = Es gibt kein SPF: { $domain } sagt nicht, wer seine Mail schickt.
messages-spf-temperror = SPF ist nicht bekannt: das DNS von { $domain } antwortete nicht.
messages-spf-permerror = SPF ist kaputt: was { $domain } veröffentlicht, ergibt keinen Sinn.
messages-dkim-unsigned = Sie ist nicht mit DKIM signiert, also zeigt nichts, dass sie unverändert kam.
messages-dkim-pass = Eine DKIM-Signatur von { $domain } ist gültig: die Nachricht ist so, wie sie dort signiert wurde.
messages-dkim-fail = Eine DKIM-Signatur von { $domain } passt nicht: die Nachricht wurde unterwegs verändert, oder die Signatur ist gefälscht.
messages-dkim-policy = Eine DKIM-Signatur von { $domain } ist zu schwach, um zu zählen.
messages-dkim-neutral = Eine DKIM-Signatur von { $domain } ist nicht lesbar oder abgelaufen.
messages-dkim-temperror = Eine DKIM-Signatur von { $domain } war nicht zu prüfen: das DNS antwortete nicht.
messages-dkim-permerror = Eine DKIM-Signatur von { $domain } hat keinen Schlüssel im DNS.
messages-dmarc-pass = DMARC besteht: sie ist von { $domain }, wie sie sagt.
messages-dmarc-fail-reject = DMARC scheitert: nichts beweist, dass sie von { $domain } ist, und dessen Eigentümer will solche Mail abgelehnt haben.
messages-dmarc-fail-quarantine = DMARC scheitert: nichts beweist, dass sie von { $domain } ist, und dessen Eigentümer will solche Mail als Spam behandelt haben.
messages-dmarc-fail-none = DMARC scheitert: nichts beweist, dass sie von { $domain } ist, und dessen Eigentümer verlangt deswegen nichts.
messages-dmarc-temperror = DMARC ist nicht bekannt: das DNS von { $domain } antwortete nicht.
messages-dmarc-permerror = DMARC ist kaputt: was { $domain } veröffentlicht, ergibt keinen Sinn.
messages-dmarc-none = Es gibt kein DMARC: der Eigentümer der Domain in From sagt nichts über gefälschte Mail.
messages-arc-pass = Die ARC-Kette der Server davor ist heil. Für sich beweist sie nichts.
messages-arc-fail = Die ARC-Kette der Server davor ist kaputt.
messages-arc-temperror = Die ARC-Kette war nicht zu prüfen: das DNS antwortete nicht.
messages-class-signed = Beim Weiterleiten bleibt ihre Signatur, also findet das Ziel dasselbe.
messages-class-free = Keine Richtlinie wird durchgesetzt, also ändert das Weiterleiten für das Ziel nichts.
messages-class-spf-only = Nur SPF beweist ihren Absender, und das geht beim Weiterleiten verloren: der Absender sollte mit DKIM signieren.
messages-class-failed = Auch das Ziel fände, dass sie scheitert.
messages-class-unknown = Was das Ziel finden wird, ist nicht bekannt.
messages-filter-pass = Der Spamfilter lässt sie durch, mit { $score } Punkten.
messages-filter-later = Der Spamfilter will sie später noch einmal sehen; sie hat { $score } Punkte.
messages-filter-marks = Der Spamfilter hält sie für Spam, mit { $score } Punkten.
messages-filter-rejects = Der Spamfilter lehnt sie ab, mit { $score } Punkten.

messages-alias-same = { $recipient } ist hier ein Alias.
messages-alias = Für { $recipient } antwortet { $alias }, so wie die Aliasse jetzt sind.
messages-alias-none = Für { $recipient } antwortet jetzt kein Alias.
messages-sent-as = Sie ging mit dem Absender { $address } weiter, damit SPF besteht und Bounces zurückfinden.
messages-munged = In From steht nun der Alias, damit das Ziel ihr glaubt; der Autor ist darin genannt, und Antworten gehen an ihn.
messages-note = Vermerkt:
messages-answered-taken = Dem Server, der sie brachte, wurde gesagt, dass sie angenommen ist:
messages-answered-later = Dem Server, der sie brachte, wurde gesagt, er solle wiederkommen:
messages-answered-refused = Dem Server, der sie brachte, wurde gesagt, dass sie abgelehnt ist:
messages-rule-ended = Der Alias nimmt keine Mail mehr an:
messages-rule-limit = Der Alias nimmt { $rate } Nachrichten an, und die hatte er.
messages-rule-allows-nobody = Der Alias nimmt Mail nur von denen an, die er zulässt, und wer diese schickte, gehört nicht dazu.
messages-rule-alias = Der Alias sperrt { $pattern }, und der Absender ist { $sender }.
messages-rule-alias-author = Der Alias sperrt { $pattern }, und From ist { $sender }.
messages-rule-domain = Die Domain sperrt { $pattern }, und der Absender ist { $sender }.
messages-rule-domain-author = Die Domain sperrt { $pattern }, und From ist { $sender }.
messages-rule-global = { $pattern } ist hier für alle Domains gesperrt, und der Absender ist { $sender }.
messages-rule-global-author = { $pattern } ist hier für alle Domains gesperrt, und From ist { $sender }.
messages-why-no-such-alias = Einen solchen Alias gibt es nicht, oder er ist ausgeschaltet oder abgelaufen.
messages-why-alias-unsafe = Der Alias ist falsch eingerichtet.
messages-why-alias-loop = Die Aliasse führen im Kreis.
messages-why-no-postmaster = Die Mail des Postmasters bekommt noch niemand.
messages-why-spf-failed = Die Domain des Absenders lässt diesen Server ihre Mail nicht schicken (SPF).
messages-why-spf-broken = Die Domain des Absenders hat einen kaputten SPF-Eintrag.
messages-why-dkim-failed = Sie hat keine gültige Signatur (DKIM).
messages-why-dmarc-failed = Sie ist nicht von der Domain, von der sie sagt, und deren Eigentümer will solche Mail abgelehnt haben (DMARC).
messages-why-spf-only = Nur SPF sagt, wer sie schickte, und das geht beim Weiterleiten verloren: der Absender muss mit DKIM signieren.
messages-why-unauthenticated = Nichts beweist, wer sie schickte: weder SPF noch DKIM.
messages-why-filter-finds-spam = Der Spamfilter hält sie für Spam.
messages-why-filter-rejects = Der Spamfilter lehnt sie ab.
messages-why-filter-later = Der Spamfilter will sie später noch einmal sehen.
messages-why-last-under-way = So viele Nachrichten, wie der Alias noch annimmt, waren schon unterwegs; der Absender wurde gebeten, es später wieder zu versuchen.
messages-why-alias-limit = An den Alias kam mehr, als er in dieser Zeit bekommen darf.
messages-why-sender-limit = Ihr Absender schickt zu viel.
messages-why-too-many = Es kam mehr, als in dieser Zeit kommen darf.
messages-why-relaying = Sie war für eine Domain, die hier nicht betreut wird.
messages-why-loop = Sie läuft im Kreis.
messages-why-own-from = Sie sagt, dass sie von einer Domain hier ist, und nichts beweist das.
messages-why-listed = Ihr Absender steht auf einer Sperrliste im DNS.
messages-why-rule = Eine Regel lässt sie nicht herein.
messages-why-alias-defers = Der Alias schiebt Mail auf.
messages-why-too-large = Sie ist zu groß.
messages-why-malformed = Sie ist falsch aufgebaut.
messages-why-split = Sie war für mehrere Empfänger mit verschiedenem Ergebnis; jeder wird noch einmal für sich gefragt.
messages-why-leads-nowhere = Ihre Adresse führt nirgendwohin.
messages-why-destination = Das Postfach hinter dem Alias war nicht bereit oder lehnte ab.
messages-why-other-for-now = Sie konnte in dem Augenblick nicht angenommen werden.
messages-why-other = Sie war nicht annehmbar.

messages-attempts-left-out = { $count } frühere Versuche stehen hier nicht.
messages-attempt-delivered = { $host } nahm sie für { $mailbox } an:
messages-attempt-refused = { $host } lehnte sie für { $mailbox } ab:
messages-attempt-deferred = { $host } nahm sie für { $mailbox } noch nicht an:
messages-attempt-uncertain = { $host } hat sie für { $mailbox } vielleicht; die Verbindung endete, bevor er es sagte:
messages-attempt-provider = Der Anbieter dieses Postfachs ist { $provider }.
messages-attempt-plaintext = Der Weg dorthin war nicht verschlüsselt.
messages-attempt-tls = Der Weg dorthin war verschlüsselt: { $tls }.

messages-meaning-refused = Das Ziel lehnt sie endgültig ab und sagt nicht mehr als das.
messages-meaning-deferred = Das Ziel nimmt sie jetzt nicht an und sagt nicht mehr als das.
messages-meaning-no-such-user = Ein solches Postfach gibt es dort nicht. Prüfen Sie, wohin der Alias führt.
messages-meaning-disabled = Das Postfach ist dort abgeschaltet.
messages-meaning-full = Das Postfach ist voll. Wem es gehört, der muss Platz schaffen.
messages-meaning-mailbox-busy = Das Postfach bekommt mehr Mail, als sein Anbieter gerade hereinlässt.
messages-meaning-too-large = Die Nachricht ist größer, als das Postfach sie annimmt.
messages-meaning-unauthenticated = Nichts beweist dem Anbieter, wer sie schickte: weder SPF noch DKIM bestehen dort. Der Absender sollte mit DKIM signieren.
messages-meaning-dmarc = Der Eigentümer der Domain in From will Mail abgelehnt haben, die an DMARC scheitert, und hinter einer Weiterleitung tut diese das.
messages-meaning-no-reverse-name = Der Name dieses Servers im DNS fehlt oder führt nicht zu ihm zurück. Der Betreiber muss ihn richten.
messages-meaning-needs-tls = Das Ziel nimmt nur verschlüsselte Verbindungen an.
messages-meaning-held = Der Anbieter will gerade weniger Post von diesem Server, also wurde er nicht gefragt. Es geht von selbst weiter.
messages-meaning-rate = Dieser Server schickte mehr, als der Anbieter gerade annimmt. Es geht von selbst weiter, langsamer.
messages-meaning-reputation = Der Anbieter hält wenig von diesem Server oder von dem, was er weiterleitet. Weniger weitergeleiteter Spam bessert das.
messages-meaning-blocked = Der Anbieter sperrt die Adresse dieses Servers. Der Betreiber muss bitten, sie von der Liste zu nehmen.
messages-meaning-listed = Eine Sperrliste führt die Adresse dieses Servers. Der Betreiber muss bitten, sie zu streichen.
messages-meaning-content = Der Anbieter hält sie ihres Inhalts wegen für Spam.
messages-meaning-form = Dem Anbieter gefällt der Aufbau der Nachricht nicht, etwa ihre Kopfzeilen. Der Absender muss das richten.
messages-meaning-greylisted = Das Ziel lässt Server, die es nicht kennt, beim ersten Mal warten. Den nächsten Versuch nimmt es an.
messages-meaning-busy = Das Ziel hat jetzt keinen Platz oder keine Zeit.
messages-meaning-connections = Es gab zu viele Verbindungen zum Ziel auf einmal.
messages-meaning-recipients = Sie hatte zu viele Empfänger auf einmal; der Rest folgt.
messages-meaning-no-relay = Jener Server nimmt keine Mail für diese Domain an. Prüfen Sie, wohin der Alias führt, und den MX der Domain.
messages-meaning-loop = Die Nachricht läuft im Kreis.
messages-meaning-unreachable = Kein Mailserver des Ziels war zu erreichen.
messages-meaning-lost = Die Verbindung zum Ziel brach ab.
messages-meaning-slow = Das Ziel brauchte zu lange für seine Antwort.
messages-meaning-dns-silent = Das DNS des Ziels antwortete nicht.
messages-meaning-no-server = Die Domain des Postfachs hat jetzt keinen Mailserver.
messages-meaning-no-domain = Die Domain des Postfachs gibt es nicht. Prüfen Sie, wohin der Alias führt.
messages-meaning-null-mx = Die Domain des Postfachs nimmt keine Mail an. Prüfen Sie, wohin der Alias führt.
messages-meaning-tls-missing = Das Ziel muss nach seiner eigenen Richtlinie Verschlüsselung anbieten und tut es nicht.
messages-meaning-tls-failed = Die Verschlüsselung mit dem Ziel misslang, oder sein Zertifikat ist nicht das richtige.
messages-meaning-tls-policy = Nach der eigenen Richtlinie des Ziels darf keiner seiner Server benutzt werden.
messages-meaning-refuses-us = Das Ziel will eine Anmeldung oder Verschlüsselung, die es nicht bekam. Der Betreiber muss den Weg richten.
messages-meaning-encoding = Das Ziel kann die Zeichen nicht befördern, die darin sind.
messages-meaning-policy = Eine Regel des Ziels lässt sie nicht herein.

messages-next-forwarded = Nichts: das Ziel hat sie. Ist sie nicht im Postfach, sehen Sie im Spam-Ordner nach.
messages-next-partial = Nichts: manche der Ziele haben sie, die anderen bekommen sie nicht mehr.
messages-next-refused = Der Server, der sie brachte, sagt dem, der schrieb, dass sie abgelehnt wurde.
messages-next-deferred = Der Server, der sie brachte, hat sie noch und kommt von selbst wieder.
messages-next-spooled = Sie wartet hier und wird wieder versucht.
messages-next-bounced = Das Mailsystem hinter dem Ziel nahm sie an und meldete später, dass es sie nicht zustellte. Der Absender erfährt es.
messages-next-failed = Niemand hat sie, und sie wird nicht mehr versucht.
messages-next-dropped = Nichts: sie wurde von Hand aus der Warteschlange genommen, und niemand erfährt es.
messages-next-discarded = Nichts: der Alias wirft seine Mail weg.
messages-next-taken = Was aus ihr wurde, betraf auch Empfänger anderer. Darum steht es hier nicht, auch nicht, welche Postfächer dahinter sie nahmen.
messages-next-aborted = Der Server, der sie brachte, brach vor dem Ende ab. Meist kommt er von selbst wieder.
messages-next-attempt = { $mailbox }: nächster Versuch nach bisher { $count }, um
messages-next-sending = { $mailbox }: sie wird gerade geschickt.
messages-next-uncertain = { $mailbox }: vielleicht ist sie schon da; vorsichtig gefragt wird wieder um
messages-next-given-up = Aufgegeben wird sie, wenn niemand sie annimmt, um
messages-next-told = Dann erfährt es { $sender }.
messages-next-nobody-told = Dann erfährt es niemand, denn sie hat keinen Absender.
messages-next-held-frozen = Sie wird zurückgehalten, denn das Konto, das sie schickte, ist eingefroren.
messages-next-held-disabled = Sie wird zurückgehalten, denn das Konto, das sie schickte, ist abgeschaltet.
messages-next-held-removed = Sie wird zurückgehalten, denn das Konto, das sie schickte, wurde entfernt.
messages-next-was-told = { $sender } hat es erfahren.
messages-next-not-told = Der Absender hat es nicht erfahren: dorthin gingen schon zu viele Mitteilungen, oder niemand bekommt seine Mail.
messages-next-nobody-was-told = Niemand hat es erfahren, denn sie hat keinen Absender.
messages-next-notice-lost = Die Mitteilung ist verloren; das erfährt niemand.

messages-actions = Was Sie tun können
messages-retry = Jetzt wieder versuchen
messages-retry-done = Sie wird jetzt versucht.
messages-drop = Verwerfen
messages-drop-sure = Niemand erfährt es, und es ist nicht rückgängig zu machen.
messages-drop-done = Sie ist verworfen.
messages-not-waiting = Sie wartet nicht mehr.
messages-being-sent = Sie wird gerade geschickt; versuchen Sie es gleich noch einmal.
messages-held = Sie wird zurückgehalten, denn ihr Konto darf jetzt nicht senden.
messages-not-all-yours = Sie ist auch für Empfänger anderer Domains, also können Sie sie nicht ändern.
messages-block-legend = Sperren, wer sie schickte
messages-allow-legend = Zulassen, wer sie schickte
messages-pattern-address = nur { $sender }
messages-pattern-domain = alle bei { $domain }
messages-for-alias = für { $alias }
messages-for-domain = für alle Aliasse von { $domain }
messages-for-all = für alle Domains hier
messages-block = Sperren
messages-allow = Zulassen
messages-block-done = { $pattern } ist gesperrt.
messages-allow-done = { $pattern } ist zugelassen.
messages-no-rule-here = Wählen Sie, wofür es gilt.
messages-explain = Was jetzt geschähe
messages-explain-button = Die Regeln erklären
messages-explain-hint = Fragt das DNS und die Regeln, wie sie jetzt sind, was aus einer solchen Mail würde. Nichts wird geschickt.
messages-explain-failed = Das lässt sich jetzt nicht sagen.
messages-explain-verdict-refused = Sie würde abgelehnt:
messages-explain-verdict-discarded = Sie würde weggeworfen.
messages-explain-verdict-munged = Sie würde weitergeleitet, mit dem Alias in From.
messages-explain-verdict-marked = Sie würde weitergeleitet, als Spam gekennzeichnet.
messages-explain-verdict-answered = Sie ginge als Antwort des Alias hinaus.
messages-explain-verdict-forwarded = Sie würde weitergeleitet.
messages-explain-alias = Der Alias { $alias } antwortet.
messages-explain-rule = Die Regel, die entscheidet:
messages-explain-rules = Was der Alias sagt:
messages-explain-checks = Die Prüfungen:
messages-explain-class = Was das Ziel fände:
messages-explain-destination = Sie führt zu { $mailbox }, über { $hop }.
messages-explain-lost = Sie erreicht nicht:
messages-explain-limit = Wie weit seine eigene Grenze ausgeschöpft ist:
messages-explain-list = Eine Liste im DNS sagt:
messages-explain-sent-as = Sie ginge mit dem Absender { $address } weiter.
messages-explain-header = Ohne die Nachricht selbst sind ihre Signaturen nicht bekannt.

# Warteschlange
queue-title = Warteschlange
queue-lead = Mail, die hier wartet, die älteste zuerst.
queue-none = Nichts wartet.
queue-next = Nächster Versuch
queue-attempts = Versuche
queue-reply = Letzte Antwort
queue-more = Spätere Nachrichten
queue-first = Zurück zu den ältesten
queue-retry-selected = Gewählte jetzt versuchen
queue-drop-selected = Gewählte verwerfen
queue-choose = { $id } wählen
queue-changed = { $count } geändert.
queue-nothing-chosen = Nichts war gewählt.
queue-state-queued = wartet
queue-state-sending = wird geschickt
queue-state-uncertain = ungewiss
queue-state-other = erledigt

# Charts
chart-about = Jede Nachricht zählt einmal, zu der Zeit, als sie kam, und als das, was bisher aus ihr wurde. Die Zeiten sind die von UTC. Abgewiesene Empfänger eines Absenders innerhalb einer Minute zählen als eine Nachricht.
chart-since = Gezählt werden ganze Stunden und Tage ab der ersten, die begann, nachdem die Domain hier eingetragen war.
chart-hours = Die letzten 48 Stunden
chart-days = Die letzten 30 Tage
chart-months = Die letzten 13 Monate
chart-hour = Stunde
chart-day = Tag
chart-month = Monat
chart-forwarded = Weitergeleitet
chart-spooled = Wartet
chart-bounced = Nicht zugestellt
chart-refused = Abgewiesen
chart-other = Sonstiges
chart-none-yet = Bisher kamen keine Nachrichten. Sobald welche kommen, stehen ihre Zahlen hier nach Stunde, Tag und Monat.
chart-none = In dieser Zeit kamen keine Nachrichten.
chart-as-table = Als Tabelle

# Domains
domains-title = Domains
domains-about = Die Domains, deren Mail hier angenommen wird: was ihr DNS sagen soll, und was es bei der letzten Prüfung gesagt hat.
domains-domain = Domain
domains-dns = DNS
domains-last-check = Zuletzt geprüft
domains-auto-create-short = Macht Aliasse aus
domains-search = Name enthält
domains-search-go = Suchen
domains-next = Weitere Domains
domains-none = Hier gibt es noch keine Domain. Fügen Sie unten die erste hinzu; dann muss ihr MX-Eintrag hierher führen.
domains-none-yours = Keine Ihrer Domains wird hier bedient. Wer diesen Server betreibt, kann sie hinzufügen.
domains-none-found = Keine Domain hat das in ihrem Namen.
domains-actions = Aktionen
domains-add-title = Domain hinzufügen
domains-new = Neue Domain
domains-new-hint = Ein Name wie example.org. Mail für sie wird sofort angenommen; ihr MX-Eintrag muss hierher führen.
domains-new-bad = Das ist kein Name einer Domain: { $why }
domains-new-known = { $domain } gibt es hier schon.
domains-add = Domain hinzufügen
domains-added = { $domain } wird von jetzt an bedient. Prüfen Sie, was ihr DNS sagt.
domains-doctor = Was der Doktor sagt
domains-doctor-about = Prüft das DNS aller Domains, diese Maschine und was um sie herum ist, wie der Befehl „onward doctor“.
domains-doctor-go = Alles prüfen
domains-doctor-none = Seit dem Start dieses Servers wurde noch nichts geprüft.
domains-check = Jetzt prüfen
domains-check-none = Seit dem Start dieses Servers wurde das DNS noch nicht gefragt. Der Knopf prüft, was es sagt.
domains-check-goes = Eine Prüfung läuft. Laden Sie diese Seite neu, um das Ergebnis zu sehen. Sie begann
domains-check-begun = Die Prüfung dauert länger als sonst: vielleicht antworten Nameserver nicht. Laden Sie diese Seite in einer Minute neu.
domains-check-asks = Was Sie vorher prüfen ließen, läuft noch, deshalb hat diese Prüfung nicht begonnen. Versuchen Sie es in einer Minute noch einmal.
domains-check-busy = Eine andere Prüfung läuft, deshalb hat diese nicht begonnen. Versuchen Sie es in einer Minute noch einmal.
domains-check-done = Das DNS wurde gefragt. Hier steht, was es sagt.
domains-check-late = Die letzte Prüfung dauerte zu lange und wurde abgebrochen. Versuchen Sie es später noch einmal.
domains-check-failed = Die letzte Prüfung ist gescheitert. Das Log des Servers sagt, warum.
domains-checked = Geprüft
domains-not-checked = noch nicht geprüft
domains-no-result = kein Ergebnis
domains-all-right = alles richtig
domains-errors = { $count ->
    [one] ein Fehler
   *[other] { $count } Fehler
}
domains-warnings = { $count ->
    [one] eine Warnung
   *[other] { $count } Warnungen
}
domains-records = Einträge
domains-record = Eintrag
domains-state = Zustand
domains-wanted = Soll sein
domains-found = Gefunden
domains-no-records = Es wurde nichts geprüft.
domains-more = Und { $count } weitere.
domains-mx = Wohin Mail geht (MX)
domains-spf = Wer senden darf (SPF)
domains-dkim = Schlüssel für Signaturen (DKIM)
domains-dmarc = Regel für Fälschungen (DMARC)
domains-mta-sts = TLS für ankommende Mail (MTA-STS)
domains-mta-sts-policy = Regel von MTA-STS
domains-tls-rpt = Berichte über TLS (TLS-RPT)
domains-srv = Server für Mailprogramme (SRV)
domains-right = richtig
domains-wrong = falsch
domains-missing = fehlt
domains-not-needed = nicht nötig
domains-unanswered = keine Antwort
domains-copy = Kopieren
domains-copied = Kopiert
domains-findings = Was nicht stimmt
domains-nothing-wrong = Alles ist in Ordnung.
domains-error = Fehler
domains-warning = Warnung
domains-hint = Hinweis
domains-keys = DKIM-Schlüssel
domains-selector = Selektor
domains-key-state = Zustand
domains-key-kind = Art
domains-key-record = Eintrag
domains-key-active = signiert
domains-key-staged = signiert noch nicht
domains-key-retired = signiert nicht mehr
domains-no-keys = Kein Schlüssel signiert für { $domain }. Wer diesen Server betreibt, macht einen: onward dkim key add { $domain }
domains-key-unreadable = Eine Schlüsseldatei ist nicht lesbar: onward dkim key list sagt, welche und warum.
domains-certificate = Zertifikat
domains-certificate-names = Für
domains-certificate-issuer = Ausgestellt von
domains-certificate-end = Gültig bis
domains-certificate-over = abgelaufen
domains-self-signed = von sich selbst signiert
domains-certificate-issued = Das Zertifikat wird noch durch ACME ausgestellt.
domains-no-certificate = Dieser Server hat kein Zertifikat: Mail kommt unverschlüsselt. In seiner Konfiguration steht eines unter [tls].
domains-certificate-unreadable = Ein Zertifikat ist nicht lesbar. Wer diesen Server betreibt, sieht den Grund mit: onward doctor
domains-traffic = Verkehr
domains-settings = Einstellungen
domains-auto-create = Aliasse machen aus Adressen wie
domains-auto-create-hint = Ein regulärer Ausdruck für alles vor dem @, etwa shop-.*. Mail für eine solche Adresse macht einen Alias aus ihr. Leer: es werden keine gemacht.
domains-auto-create-missing = Sagen Sie, aus welchen Adressen Aliasse werden, oder lassen Sie weg, wohin sie führen.
domains-to = Diese Aliasse führen zu
domains-to-hint = Ein Postfach oder mehrere, eines je Zeile.
domains-digest = Übersicht für Besitzer
domains-digest-hint = Wie oft Besitzer erfahren, was für ihre Aliasse kam, wo ein Alias nichts anderes sagt.
domains-never = nie
domains-daily = täglich
domains-weekly = wöchentlich
domains-save = Einstellungen speichern
domains-changed-meanwhile = Jemand anders hat diese Einstellungen inzwischen geändert: von Ihnen ist nichts gespeichert. So sind sie jetzt.
domains-saved = Die Einstellungen sind gespeichert.
domains-blocks = Gesperrte Absender
domains-no-blocks = Für die ganze Domain ist kein Absender gesperrt.
domains-block-sender = Absender
domains-block-note = Notiz
domains-block-since = Seit
domains-block-new = Absender sperren
domains-block-hint = Eine Adresse, @domain, oder *.domain für alle darunter. Sie wird für alle Aliasse der Domain abgewiesen.
domains-block = Absender sperren
domains-blocked = { $sender } ist für die ganze Domain gesperrt.
domains-unblock = Freigeben
domains-unblock-one = { $sender } freigeben
domains-unblocked = { $sender } ist nicht mehr gesperrt.
domains-not-blocked = { $sender } war nicht für die ganze Domain gesperrt, darum hat sich nichts geändert.
domains-srs-only = Das ist die Domain für umgeschriebene Absender (SRS). Ihre eigenen Adressen werden hier nicht bedient.
domains-remove-title = Diese Domain entfernen
domains-remove-name = Tippen Sie { $domain }, um sie zu entfernen
domains-remove-hint = Ihre Mail wird von da an abgewiesen. Das lässt sich nicht rückgängig machen.
domains-remove-other = Tippen Sie den ganzen Namen, { $domain }, um sie zu entfernen.
domains-remove-has-aliases = Sie hat noch Aliasse oder Konten, die als sie senden. Setzen Sie das Häkchen, um auch das zu entfernen.
domains-remove-aliases = Auch ihre Aliasse entfernen, und Konten nehmen, als was sie in ihr senden
domains-remove = Domain entfernen
domains-removed = { $aliases ->
    [0] { $domain } wird nicht mehr bedient.
    [one] { $domain } und ihr Alias sind entfernt.
   *[other] { $domain } und ihre { $aliases } Aliasse sind entfernt.
}

# Overview
overview-title = Überblick
overview-up = gestartet
overview-oldest = Die älteste wartende Nachricht kam
overview-connections = Verbindungen von Absendern
overview-map-connections = Verbindungen von Postfix
overview-idle = Gehaltene Verbindungen zu Zielen
overview-memory = Speicher für Nachrichten
overview-spool = Wartende Nachrichten
overview-spool-octets = Spool
overview-disk = Platte
overview-process = Speicher des Prozesses
overview-files = Offene Dateien
overview-failed = Nicht zugestellt, aus 24 Stunden
overview-troubles = Was nicht stimmt
overview-trouble-database = Datenbank:
overview-trouble-unreadable = { $count ->
    [one] Eine Nachricht im Spool ist nicht lesbar: onward doctor nennt sie.
   *[other] { $count } Nachrichten im Spool sind nicht lesbar: onward doctor nennt sie.
}
overview-trouble-map = Tabelle von Postfix:
overview-trouble-socket = Socket ohne Listener:
overview-trouble-alias = Alias, dem nicht gefolgt wird:
overview-trouble-rate = Über einer Grenze:
overview-over = über { $rate }, { $times } Mal vertagt
overview-traffic = Verkehr
overview-refused = Abgewiesen, nach Grund
overview-refused-none = Es wurde nichts abgewiesen.
overview-reason = Grund
overview-in-hours = 48 Stunden
overview-in-days = 30 Tage
overview-in-months = 13 Monate
overview-reason-recipient = Keine solche Adresse
overview-reason-rule = Eine Regel oder Sperre
overview-reason-authentication = Nichts beweist, wer sie sandte
overview-reason-filter = Spamfilter
overview-reason-listed = Auf einer Sperrliste
overview-reason-rate = Zu viele
overview-reason-relaying = Nicht für eine unserer Domains
overview-reason-form = Zu groß, fehlerhaft oder im Kreis
overview-reason-destination = Das Ziel weist sie ab
overview-reason-other = Sonstiges
overview-queue = Wartende, nach Ziel
overview-to-queue = Alles, was wartet: noch einmal versuchen oder aufgeben
overview-queue-none = Nichts wartet.
overview-queue-more = Nur die ältesten { $count } Nachrichten wurden angesehen.
overview-destination = Ziel
overview-messages = Nachrichten
overview-attempts = Versuche
overview-next = Nächster Versuch
overview-reply = Letzte Antwort
overview-unreachable = Zuletzt nicht erreichbare Hosts
overview-unreachable-none = Alle Hosts, die zuletzt versucht wurden, waren erreichbar.
overview-host = Host
overview-tried = Versucht
overview-how = Was geschah
overview-hung = antwortete nicht rechtzeitig: es fragt nur eine Nachricht auf einmal
overview-refuses = keine Verbindung: wird nach anderen versucht
overview-slow = Langsamste Ziele in letzter Zeit
overview-slow-none = In einem Tag wurde keine Nachricht weitergegeben.
overview-deferred = Noch einmal zu versuchen
overview-average = Im Mittel
overview-longest = Längstens
overview-events = Ereignisse, die noch zu senden sind
overview-events-none = Kein Ereignis wartet. Wer von Aliasen erfährt, steht in der Konfiguration unter [events].
overview-events-figures = { $waiting } warten, { $lost } bisher verloren.
overview-event-time = Wann
overview-event-kind = Was
overview-event-alias = Alias
