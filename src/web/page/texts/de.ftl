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

# Charts
chart-about = Jede Nachricht zählt einmal, zu der Zeit, als sie kam, und als das, was bisher aus ihr wurde. Die Zeiten sind die von UTC. Abgewiesene Empfänger eines Absenders innerhalb einer Minute zählen als eine Nachricht.
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
chart-none = In dieser Zeit kamen keine Nachrichten.
chart-as-table = Als Tabelle

# Domains
domains-title = Domains
domains-about = Die Domains, deren Post hier angenommen wird: was ihr DNS sagen soll, und was es bei der letzten Prüfung gesagt hat.
domains-domain = Domain
domains-dns = DNS
domains-last-check = Zuletzt geprüft
domains-auto-create-short = Macht Aliase aus
domains-search = Name enthält
domains-search-go = Suchen
domains-next = Weitere Domains
domains-none = Hier gibt es noch keine Domain. Füge unten die erste hinzu; dann muss ihr MX-Eintrag hierher führen.
domains-none-yours = Keine deiner Domains wird hier bedient. Wer diesen Server betreibt, kann sie hinzufügen.
domains-none-found = Keine Domain hat das in ihrem Namen.
domains-actions = Aktionen
domains-add-title = Domain hinzufügen
domains-new = Neue Domain
domains-new-hint = Ein Name wie example.org. Post für sie wird sofort angenommen; ihr MX-Eintrag muss hierher führen.
domains-new-bad = Das ist kein Name einer Domain: { $why }
domains-new-known = { $domain } gibt es hier schon.
domains-add = Domain hinzufügen
domains-added = { $domain } wird von jetzt an bedient. Prüfe, was ihr DNS sagt.
domains-doctor = Was der Doktor sagt
domains-doctor-about = Prüft das DNS aller Domains, diese Maschine und was um sie herum ist, wie der Befehl „onward doctor“.
domains-doctor-go = Alles prüfen
domains-doctor-none = Seit dem Start dieses Servers wurde noch nichts geprüft.
domains-check = Jetzt prüfen
domains-check-none = Seit dem Start dieses Servers wurde das DNS noch nicht gefragt. Der Knopf prüft, was es sagt.
domains-check-goes = Eine Prüfung läuft. Lade diese Seite neu, um das Ergebnis zu sehen. Sie begann
domains-check-begun = Die Prüfung dauert länger als sonst: vielleicht antworten Nameserver nicht. Lade diese Seite in einer Minute neu.
domains-check-busy = Eine andere Prüfung läuft, deshalb hat diese nicht begonnen. Versuche es in einer Minute noch einmal.
domains-check-done = Das DNS wurde gefragt. Hier steht, was es sagt.
domains-check-late = Die letzte Prüfung dauerte zu lange und wurde abgebrochen. Versuche es später noch einmal.
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
domains-mx = Wohin Post geht (MX)
domains-spf = Wer senden darf (SPF)
domains-dkim = Schlüssel für Signaturen (DKIM)
domains-dmarc = Regel für Fälschungen (DMARC)
domains-mta-sts = TLS für ankommende Post (MTA-STS)
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
domains-no-certificate = Dieser Server hat kein Zertifikat: Post kommt unverschlüsselt. In seiner Konfiguration steht eines unter [tls].
domains-certificate-unreadable = Ein Zertifikat ist nicht lesbar. Wer diesen Server betreibt, sieht den Grund mit: onward doctor
domains-traffic = Verkehr
domains-settings = Einstellungen
domains-auto-create = Aliase machen aus Adressen wie
domains-auto-create-hint = Ein regulärer Ausdruck für alles vor dem @, etwa shop-.*. Post für eine solche Adresse macht einen Alias aus ihr. Leer: es werden keine gemacht.
domains-auto-create-missing = Sage, aus welchen Adressen Aliase werden, oder lass weg, wohin sie führen.
domains-auto-create-bad = Das ist nicht brauchbar: { $why }
domains-to = Diese Aliase führen zu
domains-to-hint = Ein Postfach oder mehrere, eines je Zeile.
domains-to-bad = { $which } ist kein Ziel: { $why }
domains-to-count = Nenne 1 bis 100 Postfächer.
domains-loop = Post liefe im Kreis: sie führte durch andere Aliase hierher zurück.
domains-digest = Übersicht für Besitzer
domains-digest-hint = Wie oft Besitzer erfahren, was für ihre Aliase kam, wo ein Alias nichts anderes sagt.
domains-never = nie
domains-daily = täglich
domains-weekly = wöchentlich
domains-save = Einstellungen speichern
domains-saved = Die Einstellungen sind gespeichert.
domains-blocks = Gesperrte Absender
domains-no-blocks = Für die ganze Domain ist kein Absender gesperrt.
domains-block-sender = Absender
domains-block-note = Notiz
domains-block-since = Seit
domains-block-new = Absender sperren
domains-block-hint = Eine Adresse, @domain, oder *.domain für alle darunter. Sie wird für alle Aliase der Domain abgewiesen.
domains-block-bad = Das ist kein Absender, der gesperrt werden kann: { $why }
domains-block = Absender sperren
domains-blocked = { $sender } ist für die ganze Domain gesperrt.
domains-unblock = Freigeben
domains-unblock-one = { $sender } freigeben
domains-unblocked = { $sender } ist nicht mehr gesperrt.
domains-srs-only = Das ist die Domain für umgeschriebene Absender (SRS). Ihre eigenen Adressen werden hier nicht bedient.
domains-remove-title = Diese Domain entfernen
domains-remove-name = Tippe { $domain }, um sie zu entfernen
domains-remove-hint = Ihre Post wird von da an abgewiesen. Das lässt sich nicht rückgängig machen.
domains-remove-other = Tippe den ganzen Namen, { $domain }, um sie zu entfernen.
domains-remove-has-aliases = Sie hat noch Aliase oder Konten, die als sie senden. Setze das Häkchen, um auch das zu entfernen.
domains-remove-aliases = Auch ihre Aliase entfernen, und Konten nehmen, als was sie in ihr senden
domains-remove = Domain entfernen
domains-removed = { $aliases ->
    [0] { $domain } wird nicht mehr bedient.
    [one] { $domain } und ihr Alias sind entfernt.
   *[other] { $domain } und ihre { $aliases } Aliase sind entfernt.
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
