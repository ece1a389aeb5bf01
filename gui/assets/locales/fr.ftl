app-name = Causerie

# Premier démarrage
welcome-title = Bienvenue dans Causerie
welcome-text = Les messages vont de votre machine à la leur. Ni compte ni serveur : choisissez un nom, et c’est parti.
welcome-name = Votre nom, tel que vos contacts le voient
welcome-passphrase = Phrase de passe (facultative)
welcome-passphrase-why = Sans elle, quiconque peut utiliser ce compte de l’ordinateur peut lire vos messages. Une phrase de passe perdue est perdue.
welcome-begin = Commencer
welcome-working = Création de vos clés…
unlock-title = Verrouillé
unlock-text = Ce dossier s’ouvre avec sa phrase de passe.
unlock-wrong = Ce n’est pas la bonne. Majuscules, espaces et disposition du clavier comptent.
unlock-passphrase = Phrase de passe
unlock-open = Déverrouiller
shut-text = La fenêtre est verrouillée ; les messages continuent d’arriver.
starting = Démarrage…
trouble-title = Causerie ne peut pas démarrer
trouble-retry = Réessayer
trouble-aside = Mettre de côté et recommencer
trouble-choices-aside = Le mettre de côté et démarrer sans lui
trouble-quit = Quitter

# Liste
list-search = Chercher un contact
list-add = Ajouter un contact
list-empty = Pas encore de contact
list-empty-text = Invitez quelqu’un, ou collez l’invitation que l’on vous a donnée.
list-nobody-found = Personne ne s’appelle « { $words } »
list-archived = Archivées
list-back = Retour à toutes
list-draft = Brouillon : { $text }
list-you = Vous : { $text }
list-nothing-said = Rien de dit encore
list-unshown = Un message qui demande une version plus récente
unread = { $count ->
    [one] { $count } message non lu
   *[other] { $count } messages non lus
}
pin = Épingler
unpin = Désépingler
archive = Archiver
unarchive = Sortir des archives
mute = Mettre en sourdine
unmute = Rétablir le son
contact-page = À propos de ce contact

# L’état de quelqu’un
state-pending = En attente de rencontre : il faut être en ligne tous les deux une fois
state-request = Souhaite devenir votre contact
state-blocked = Bloqué
state-failed = L’invitation a échoué : { $reason }
state-online = En ligne
state-last-seen = Vu { $when }
state-never-seen = Pas encore rencontré
state-verified = Vérifié
state-changed = Ses clés ont changé

# Conversation
chat-choose = Choisissez une conversation
chat-write = Écrire un message
chat-send = Envoyer
chat-empty = Dites bonjour à { $name }
chat-begin = Votre conversation commence ici
chat-new-below = { $count ->
    [one] { $count } nouveau message
   *[other] { $count } nouveaux messages
}
chat-unread-above = { $count } nouveaux messages plus haut
chat-down = Au message le plus récent
chat-unread = Nouveaux messages
chat-unfold = Tout afficher
chat-copy = Copier le texte
chat-pending-note = Vous pouvez écrire : le message partira quand vous rencontrerez { $name }.
chat-blocked-note = Vous avez bloqué { $name }.
chat-failed-note = Demandez une nouvelle invitation à { $name }.
chat-changed-note = Les clés de { $name } ont changé depuis que vous avez comparé les numéros de sécurité. Comparez-les de nouveau avant d’écrire.
chat-request-note = { $name } a répondu à votre invitation.
chat-nothing-seen = Un message où il n’y a rien à voir.
chat-needs-newer = Ce message demande une version plus récente de Causerie.
message-queued = En attente : { $name } n’est pas encore joignable
message-sent = En route
message-delivered = Remis
message-read = Lu
message-failed = N’arrivera pas : { $reason }
message-row = { $author }, { $time } : { $text }
message-you = Vous
too-long = C’est plus long qu’un message ne peut l’être (32 768 octets).

# À propos d’un message
chat-details = Détails
details-title = À propos de ce message
details-written = Écrit
details-received = Reçu ici
details-state = Maintenant
details-delivered = Remis
details-read = Lu
details-path = Par
details-path-direct = une connexion directe entre vos machines
details-path-relayed = par un relais, qui ne peut rien lire
details-unknown = l’heure n’est plus conservée
details-close = Fermer

# Ajouter
add-title = Ajouter un contact
add-mine = Inviter quelqu’un
add-mine-text = Donnez ce lien, ou faites scanner le code. Envoyez-le par un moyen sûr : quiconque l’obtient d’abord peut répondre à sa place.
add-make = Créer une invitation
add-many = Plusieurs personnes peuvent répondre (chacune attend votre accord)
add-copy = Copier le lien
add-revoke = La reprendre
add-used = Le dernier lien a eu sa réponse : qui l’a donnée est dans votre liste. Il en faut un autre pour la personne suivante.
add-ended = On ne peut plus répondre au dernier lien.
add-answers = { $count ->
    [0] Personne n’y a encore répondu
    [one] { $count } personne y a répondu
   *[other] { $count } personnes y ont répondu
}
add-valid-until = Valable jusqu’à { $when }
add-theirs = J’ai une invitation
add-paste = Collez l’invitation ici
add-picture = Ou déposez ici une image de son code, ou collez-la.
add-picture-reading = Recherche d’une invitation…
add-picture-found = Voici l’invitation trouvée. Acceptez-la si vous savez de qui elle vient.
add-picture-none = Aucun code lisible dans cette image. Essayez-en une plus nette, avec un peu de blanc autour du code.
add-picture-other = Il n’y a pas d’invitation ici : cela dit autre chose.
add-picture-large = C’est trop grand pour être examiné (24 Mo, 32 millions de points).
add-picture-unknown = Ce n’est ni une image lisible (PNG, JPEG ou WebP) ni un texte.
given-none = Il n’y a pas d’invitation là-dedans : elle commence par « causerie: ».
given-known = Elle mène à { $name }, qui est dans votre liste.
given-unknown = Elle ne dit pas de qui elle vient : acceptez-la seulement si vous savez qui vous l’a envoyée.
given-one = Une seule personne peut y répondre.
given-many = Plusieurs personnes peuvent y répondre.
given-until = On peut y répondre jusqu’à { $when }.
given-endless = Elle n’a pas de fin.
given-ask = Qui l’a faite décide ensuite si vous devenez un contact.
given-nowhere = Elle ne dit pas où chercher : vous ne vous rencontrerez que sur le même réseau local.
given-here = Elle ne mène qu’à cette machine.
add-drop = Relâchez pour y chercher une invitation
add-accept = Accepter
add-choose = Choisir une image…
choose-title = Une image du code d’une invitation
choose-pictures = Images
choose-all = Tous les fichiers
add-code = L’invitation sous forme de code à scanner
add-requests = Souhaitent devenir vos contacts
request-accept = Accepter
request-ignore = Ignorer
request-block = Bloquer

# Un contact
contact-rename = Nom
contact-save = Enregistrer
contact-safety = Numéro de sécurité
contact-safety-text = Comparez ces nombres avec { $name }, de préférence de vive voix. S’ils sont les mêmes des deux côtés, personne n’est entre vous.
contact-safety-none = Le numéro sera connu après votre rencontre.
contact-verify = Ce sont les mêmes : marquer comme vérifié
compare-code = Votre numéro commun sous forme de code à scanner
compare-text = Ou laissez cette machine comparer : collez les chiffres, ou une image du code, que { $name } vous a montrés ou envoyés par un autre moyen ; ou déposez l’image ici.
compare-field = Son numéro
compare-reading = Recherche d’un numéro…
compare-same = Ce sont les mêmes.
compare-different = Ce ne sont pas les mêmes. Quelqu’un est peut-être entre vous, ou c’est le numéro d’une autre conversation : ne le marquez pas comme vérifié.
compare-none = Il n’y a pas de numéro de sécurité ici : il a 60 chiffres.
compare-drop = Relâchez pour en comparer le numéro
contact-block = Bloquer
contact-unblock = Débloquer
contact-remove = Supprimer
contact-remove-text = Supprime { $name } et tout ce qui a été dit, sur cette machine. L’autre n’en sait rien.
contact-remove-yes = Supprimer { $name }
contact-id = Son identifiant
cancel = Annuler

# Réglages, réseau, à propos
settings-title = Réglages
settings-language = Langue
settings-theme = Apparence
theme-system = Comme le système
theme-light = Clair
theme-dark = Sombre
settings-zoom = Taille de l’affichage
passphrase-title = Phrase de passe
passphrase-there = Vos données s’ouvrent avec une phrase de passe. Personne ne peut vous la rendre.
passphrase-none = Il n’y en a pas : quiconque peut utiliser ce compte de l’ordinateur peut lire vos messages. Les copies des données faites avant restent comme elles sont.
passphrase-current = Phrase de passe actuelle
passphrase-new = Nouvelle phrase de passe
passphrase-again = La même encore une fois
passphrase-differs = Ces deux-là diffèrent.
passphrase-set = Définir la phrase de passe
passphrase-remove = Retirer la phrase de passe
passphrase-is-set = La phrase de passe est définie
passphrase-is-removed = La phrase de passe est retirée
lock-title = Verrouiller la fenêtre
lock-text = Les messages continuent d’arriver pendant ce temps. Pour ôter les clés de la mémoire, quittez Causerie.
lock-never = Jamais d’elle-même
lock-after = { $minutes ->
    [one] Après { $minutes } minute
   *[other] Après { $minutes } minutes
}
lock-needs-passphrase = Définissez d’abord une phrase de passe
settings-notify = Notifications
settings-notify-text = Aucune pour la conversation que vous regardez, ni pour celles en sourdine.
settings-notify-none = Ce système n’affiche pas de notifications.
notify-level-message = Avec le nom et le message
notify-level-name = Avec le nom
notify-level-presence = Seulement qu’il y a un message
notify-level-nothing = Aucune
settings-closing = Quand la fenêtre est fermée
settings-closing-none = Ce système n’a pas de zone de notification : fermer la fenêtre quitte Causerie.
settings-closing-ask = Demander
settings-closing-stay = Rester en arrière-plan : les messages continuent d’arriver
settings-closing-quit = Quitter
settings-search = Chercher un réglage
settings-nothing = Aucun réglage ne contient ces mots.
beyond-title = Au-delà de ce réseau
beyond-reading = Lecture de ce qui a été choisi…
beyond-broken = network.toml est incompréhensible et a été laissé tel quel. Causerie ne démarre pas avec lui : corrigez-le, ou remplacez-le ici.
beyond-replace = Le remplacer
beyond-replaces = Ceci prend la place de network.toml, qui est incompréhensible. Ce qu’il contient reste dans network.toml.previous.
beyond-servers = Serveurs
beyond-servers-text = Derrière des routeurs, on se rencontre par un serveur. Il ne peut rien lire ; il voit où vous êtes, et quand vous êtes là.
beyond-servers-none = Aucun n’est nommé : rien au-delà de ce réseau n’est sollicité, et ailleurs on ne vous trouve pas.
beyond-server = Adresse d’un serveur, comme /ip4/203.0.113.10/tcp/47474
beyond-server-add = Ajouter le serveur
beyond-server-remove = Retirer
beyond-server-remove-of = Retirer le serveur { $server }
beyond-server-wrong = Ce n’est pas l’adresse d’un serveur : écrivez /ip4/ ou /ip6/ et une adresse IP, puis /tcp/ et un port, ou /udp/, un port et /quic-v1.
beyond-exposure = Qui peut voir où vous êtes
exposure-open = Ouvert
exposure-open-text = Vos contacts et les serveurs peuvent apprendre votre adresse, et vos contacts se connectent à vous directement.
exposure-relays-only = Par des relais seulement
exposure-relays-only-text = Vos contacts vous joignent par des relais et n’apprennent jamais votre adresse ; les serveurs la voient. Sans serveur, personne ne vous joint, pas même sur ce réseau.
exposure-lan-only = Ce réseau seulement
exposure-lan-only-text = Rien au-delà de ce réseau n’est appelé, et personne n’entre de l’extérieur. Quiconque s’y trouve peut voir que vous y êtes.
exposure-stealth = Furtif
exposure-stealth-text = Rien n’est annoncé nulle part et personne n’entre : vous appelez les autres, qui voient alors votre adresse, et personne ne vous trouve.
beyond-proxy = Mandataire (proxy) SOCKS5, comme 127.0.0.1:9050 (facultatif)
beyond-proxy-text = S’il y en a un, tout passe par lui, en TCP, et personne n’entre sinon par des relais.
beyond-proxy-wrong = Un mandataire est une adresse IP et un port, comme 127.0.0.1:9050.
beyond-serves = network.toml fait de ce dossier un serveur pour d’autres, qui ne pourraient pas le joindre ainsi : il doit rester ouvert, sans mandataire.
beyond-save = Enregistrer ces choix
beyond-save-text = Ce qui est enregistré compte à partir du prochain démarrage de Causerie : quittez l’application, puis rouvrez-la.
beyond-saved = Enregistré. Cela compte à partir du prochain démarrage de Causerie.
storage-title = Stockage
storage-size = { $size } sur le disque
storage-unknown = Les fichiers ne peuvent pas être examinés.
storage-counting = Comptage des messages…
storage-conversations = { $count ->
    [one] { $count } conversation
   *[other] { $count } conversations
}
storage-messages = { $count ->
    [one] { $count } message
   *[other] { $count } messages
}
devices-title = Vos appareils
devices-this = Celui-ci (ajouté : { $day })
devices-other = Un autre (ajouté : { $day })
devices-text = Vos appareils partagent ce que vous et vos contacts vous dites. Une copie de ce dossier sur une autre machine n’est pas un appareil tant que vous n’en faites pas un.
devices-separate = Faire de cette copie un appareil
devices-separate-text = Pour une copie de vos données seulement, jamais pour l’original. Cette copie reçoit ses propres clés, et vos contacts l’apprennent en la rencontrant ; ensuite les deux peuvent être en marche. Les invitations ouvertes restent avec l’original. Les contacts qui ont comparé votre numéro de sécurité devront le refaire. C’est sans retour.
devices-separate-yes = C’est une copie : en faire un appareil
settings-home = Où sont vos données
network-title = Réseau
network-offline = Aucun réseau n’est utilisable. Les messages attendent ici et partiront plus tard.
network-lan = Les personnes de ce réseau peuvent vous trouver. Rien au-delà n’est sollicité : aucun serveur n’est nommé dans les réglages.
network-lan-only = Les personnes de ce réseau peuvent vous trouver ; rien au-delà n’est utilisé, comme vous l’avez choisi.
network-no-server = Les personnes de ce réseau peuvent vous trouver. Aucun serveur ne répond : ailleurs, on ne vous joint pas et les messages attendent.
network-direct = Vos contacts peuvent vous joindre directement, où qu’ils soient.
network-relayed = Vos contacts vous joignent par un relais, qui ne peut rien lire ; directement là où vos routeurs le permettent.
network-unknown = On cherche encore comment on peut vous joindre d’ailleurs.
network-loopback = Seuls les programmes de cette machine peuvent vous joindre.
network-listening = Où ce nœud écoute
network-peers = { $count ->
    [0] Aucun contact n’est connecté
    [one] { $count } contact est connecté
   *[other] { $count } contacts sont connectés
}
network-contact-direct = connecté directement
network-contact-relayed = connecté par un relais
network-contact-away = non connecté
network-my-id = Votre identifiant
network-report = Copier le rapport
network-report-text = Pour qui vous aide : versions, nombres et genres. Ni noms, ni identifiants, ni textes, ni adresses.
test-button = Tester
test-button-of = Tester le chemin vers { $name }
test-running = Test en cours… Il dure seize secondes au plus.
test-reachable = { $name } est joignable : aller et retour en { $time } ms.
test-no-network = Cette machine n’a pas de réseau. Les messages attendent ici.
test-not-listening = Ce nœud n’écoute nulle part : personne ne peut le joindre.
test-no-address = On ne sait pas où est { $name }. Nommez tous deux un serveur dans les réglages, soyez une fois sur le même réseau, ou répondez à une nouvelle invitation.
test-no-answer = { $name } ne répond pas là où vous vous êtes vus. Son programme est peut-être arrêté, vous êtes sur des réseaux différents, ou un pare-feu vous sépare.
test-no-consent = { $name } est là, mais ne vous a pas encore accepté.
test-no-keys = { $name } est là, mais aucune connexion sûre n’a pu être établie.
test-no-channel = { $name } est là, mais la connexion s’est aussitôt terminée.
test-no-echo = Une connexion avec { $name } est établie, mais rien ne revient.
test-step-network = Cette machine a un réseau
test-step-listening = Ce nœud écoute
test-step-address = On sait où chercher
test-step-dial = On y répond
test-step-handshake = Des clés sont convenues
test-step-channel = Une connexion sûre est établie
test-step-ping = Elle porte un aller et retour
test-done = oui
test-failed = non
test-chosen = non, c’est votre choix
test-not-tried = pas essayé
test-answered = c’est bien là
test-refused = la machine est là, aucun programme n’écoute
test-timed-out = rien n’a répondu à temps
test-unreachable = aucun chemin n’y mène d’ici
test-somebody-else = quelqu’un d’autre est là, ou ne vous connaît pas
test-other-version = seules d’autres versions du programme y sont comprises
test-broken = ce qui est là n’est pas Causerie
about-title = À propos de Causerie
about-text = Une messagerie sans serveur. Elle n’a pas été auditée : n’y risquez la sécurité de personne.
about-version = Version { $version }
about-commit = Du commit { $commit }
shortcuts-title = Touches
palette-words = Un nom, ou quelque chose à faire
palette-nothing = Rien ne s’appelle ainsi
shortcut-palette = Aller chez quelqu’un, faire quelque chose
shortcut-search-here = Chercher dans ces messages
shortcut-search-all = Chercher dans tous les messages
shortcut-add = Ajouter un contact
shortcut-unread-above = Conversation non lue du dessus
shortcut-unread-below = Conversation non lue du dessous
shortcut-emoji = Émoji
shortcut-above = Conversation du dessus
shortcut-below = Conversation du dessous
shortcut-archive = Archiver, ou sortir des archives
shortcut-pane = Entre la liste et ce qui est à côté
shortcut-network = Réseau
shortcut-settings = Réglages
shortcut-shortcuts = Touches
shortcut-lock = Verrouiller maintenant
shortcut-zoom-in = Plus grand
shortcut-zoom-out = Plus petit
shortcut-zoom-reset = Taille normale
shortcut-back = Retour
shortcut-close = Fermer la fenêtre
shortcut-quit = Quitter
shortcut-digits = Conversation selon sa place
key-control = Ctrl
key-command = ⌘
key-alt = Alt
key-shift = Maj
key-up = Haut
key-down = Bas
key-page-up = Page préc.
key-page-down = Page suiv.
key-escape = Échap
size-kilo = { $size } ko
size-mega = { $size } Mo
size-giga = { $size } Go
decimal-sign = ,
copied = Copié
busy = Le nœud est occupé. Réessayez dans un instant.

# Après une panne du programme
crash-text = La dernière fois, Causerie s’est interrompu. Ce qui a été dit est conservé. Un rapport, sans noms ni textes, se trouve dans { $path }
crash-show = Afficher
crash-copy = Copier
crash-title = Ce qui s’est interrompu

# Ce qui n’a pas marché
error-bad-home = Ce dossier ne peut pas contenir vos données.
    .hint = Rien n’a été changé. Lancez Causerie avec un autre dossier : causerie --home DOSSIER.
error-no-identity = Personne n’habite encore ce dossier.
    .hint = Choisissez un nom pour commencer.
error-identity-exists = Quelqu’un habite déjà ce dossier.
    .hint = Rien n’a été changé.
error-home-in-use = Un autre programme utilise ce dossier.
    .hint = Fermez-le, ou attendez sa fin, puis réessayez.
error-newer-home = Ce dossier a été écrit par une version plus récente de Causerie.
    .hint = Rien n’a été changé. Installez cette version, ou une version ultérieure.
error-wrong-passphrase = Ce n’est pas la phrase de passe.
    .hint = Majuscules, espaces et disposition du clavier comptent.
error-no-passphrase = Il n’y a pas de phrase de passe ici.
    .hint = Rien n’a été changé.
error-identity-lost = Le fichier de votre identité manque, alors que vos messages sont là.
    .hint = Remettez le fichier « identity » depuis une copie de ce dossier, puis réessayez.
error-store-damaged = Les messages enregistrés sont endommagés.
    .hint = On peut les mettre de côté et recommencer : identité et contacts restent, vos contacts vous rendent ce que vous vous êtes dit, et ce qui ne leur est jamais parvenu reste dans les anciens fichiers.
error-choices = Le fichier network.toml, qui dit comment vous utilisez les réseaux, est inutilisable.
    .hint = Rien n’a démarré, car il est peut-être là pour vous cacher. Corrigez-le, puis réessayez. Ou mettez-le de côté : il est gardé, mais plus rien de ce qu’il dit ne compte, ni ses serveurs, ni ce qui vous cache.
error-file = Un fichier est inutilisable en l’état.
    .hint = Ce qui a été confirmé est conservé. Remettez-le en ordre, puis réessayez.
error-storage = Vos données ne peuvent être ni lues ni écrites.
    .hint = Ce qui a été confirmé est conservé. Vérifiez l’espace libre et les droits du dossier, puis réessayez.
error-disk-full = Le disque est plein.
    .hint = Ce qui a été confirmé est conservé, et ce que les autres envoient attend chez eux. Libérez de la place, puis réessayez.
error-read-only = Vos données peuvent être lues, mais pas écrites.
    .hint = Rien n’a été changé. Rendez le dossier et son disque accessibles en écriture, puis réessayez.
error-network = Le réseau est inutilisable.
    .hint = Les messages attendent ici et partiront quand un réseau sera utilisable.
error-stopped = Le nœud s’est arrêté.
    .hint = Ce qui a été confirmé est conservé. Réessayez dans un instant.
error-not-found = Plus personne ne s’appelle ainsi.
    .hint = Rien n’a été changé.
error-message-not-found = Ce message n’est plus ici.
    .hint = Rien n’a été changé.
error-own-invitation = Cette invitation est la vôtre.
    .hint = Donnez-la à la personne avec qui vous voulez parler.
error-bad-invitation = Ce n’est pas une invitation entière.
    .hint = Copiez de nouveau le lien, de « causerie: » jusqu’à sa fin.
error-expired-invitation = Cette invitation a expiré.
    .hint = Demandez-en une nouvelle, et vérifiez que l’horloge de cet ordinateur est à l’heure.
error-newer-version = Cette invitation vient d’une version plus récente de Causerie.
    .hint = Installez la version la plus récente et acceptez-la de nouveau.
error-already-contact = Cette invitation a déjà mené à un contact.
    .hint = Il n’y a rien à faire : regardez votre liste.
error-verification-changed = Ses clés ont changé depuis que vous avez comparé les numéros de sécurité.
    .hint = Rien n’a été envoyé. Comparez-les d’abord de nouveau.
error-empty = Il n’y a rien à envoyer.
    .hint = Écrivez au moins un caractère.
error-too-long = C’est trop long.
    .hint = Rien n’a été envoyé. Faites-en plusieurs messages.
error-bad-name = Cela ne peut pas être un nom.
    .hint = Il faut de 1 à 64 caractères, tous visibles.
error-full = Il y en a trop.
    .hint = Rien n’a été changé. Supprimez ce qui ne sert plus, puis réessayez.
error-wrong-state = Cela n’est pas possible avec ce contact pour le moment.
    .hint = Rien n’a été changé. Sa page montre où il en est.

# Ce qui s’est passé
notice-title = Ce qui s’est passé
notice-dismiss = Compris
notice-keys-renewed = Les clés d’une conversation ont été renouvelées. Ce qui n’était pas confirmé est renvoyé.
notice-twin = Une autre copie de ce Causerie est en marche, ou une ancienne copie de ses données a été remise. N’en utilisez qu’une, ou faites de cette copie un appareil, dans les réglages.
notice-store-repaired = Des messages enregistrés étaient perdus ; ce que vos contacts en ont leur est redemandé.
notice-answered-twice = Quelqu’un a répondu une seconde fois à une invitation, avec d’autres clés. Seule la première réponse compte.
notice-invitation-replaced = L’invitation la plus récente d’un contact a remplacé l’ancienne.
notice-fork = Deux versions d’un même message ont été trouvées, venues d’une copie de données. Les deux sont gardées.
notice-device-added = Vos contacts connaissent maintenant un autre de vos appareils. Si vous ne l’avez pas ajouté, quelqu’un a une copie de vos données.
notice-device-list-changed = Les clés d’un contact ont changé.
notice-limit-reached = Quelqu’un a envoyé plus que permis ; le reste a été refusé.
notice-no-room = Rien de nouveau ne peut être gardé : le disque est plein, ou vos données sont en lecture seule. Ce que les autres envoient attend chez eux.
notice-room-again = Il y a de nouveau de la place, et tout continue.
notice-identity-recovered = Le fichier de votre identité était illisible ; le précédent a pris sa place.
notice-store-set-aside = Les messages endommagés ont été mis de côté, et un nouveau stock a commencé. Vos contacts rendent ce qu’ils ont.
reason-used = quelqu’un d’autre s’en est servi avant
reason-expired = elle a expiré
reason-revoked = elle a été reprise
reason-newer = elle demande une version plus récente
reason-gone = le contact a été supprimé, ou l’invitation a échoué

# Chercher des messages
search-title = Chercher dans les messages
search-words = Mots à chercher
search-hint = Les mots sont trouvés quels que soient accents et majuscules. Tout reste sur cet ordinateur.
search-within = Seulement avec { $name }
search-to = À { $name }
search-goes-on = Recherche… { $count ->
    [one] { $count } trouvé
   *[other] { $count } trouvés
} jusqu’ici, { $messages } examinés
search-done = { $count ->
    [one] { $count } message trouvé
   *[other] { $count } messages trouvés
}
search-more = { $count } messages trouvés. Il y en a peut-être d’autres : ajoutez un mot.
search-nothing = Aucun message ne contient ces mots.

# Autour de la fenêtre
notify-new = { $count ->
    [one] Nouveau message
   *[other] { $count } nouveaux messages
}
notify-several = { $name } ({ $count })
notify-request = Quelqu’un souhaite devenir votre contact
tray-open = Ouvrir Causerie
closing-title = Rester en arrière-plan ?
closing-text = Les messages continuent d’arriver, et l’icône de la zone de notification rouvre la fenêtre. Si vous quittez, les messages attendent chez ceux qui les ont écrits.
closing-later = Ce choix peut être changé dans les réglages.
closing-stay = Rester en arrière-plan
closing-quit = Quitter

# Jours
day-today = Aujourd’hui
day-yesterday = Hier
day-this-year = { $weekday } { $day } { $month }
day-other-year = { $weekday } { $day } { $month } { $year }
day-short = { $day }/{ $month }/{ $year }
weekday-1 = lundi
weekday-2 = mardi
weekday-3 = mercredi
weekday-4 = jeudi
weekday-5 = vendredi
weekday-6 = samedi
weekday-7 = dimanche
month-1 = janvier
month-2 = février
month-3 = mars
month-4 = avril
month-5 = mai
month-6 = juin
month-7 = juillet
month-8 = août
month-9 = septembre
month-10 = octobre
month-11 = novembre
month-12 = décembre

# Emoji
emoji-open = Émoji
emoji-search = Chercher un émoji
emoji-none = Aucun émoji pour « { $words } »
emoji-found = Trouvés
emoji-last = Utilisés récemment
emoji-smileys = Visages et émotions
emoji-people = Personnes et gestes
emoji-nature = Animaux et nature
emoji-food = Nourriture et boissons
emoji-travel = Voyages et lieux
emoji-activities = Activités
emoji-objects = Objets
emoji-symbols = Symboles
emoji-flags = Drapeaux
emoji-tone-none = Sans couleur de peau
emoji-tone-light = Peau claire
emoji-tone-medium-light = Peau plutôt claire
emoji-tone-medium = Peau moyenne
emoji-tone-medium-dark = Peau plutôt foncée
emoji-tone-dark = Peau foncée

# Mots par lesquels des réglages se trouvent, outre ceux qui sont montrés
settings-languages = English Français
beyond-found = Réseau, internet, network.toml, Tor, cacher
storage-found = Disque, dossier, taille, messages
