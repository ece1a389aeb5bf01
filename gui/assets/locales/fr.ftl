app-name = Causerie

# Premier démarrage
welcome-title = Bienvenue dans Causerie
welcome-text = Les messages vont de votre machine à la leur. Ni compte ni serveur : choisissez un nom, et c’est parti.
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
starting = Démarrage…
trouble-title = Causerie ne peut pas démarrer
trouble-retry = Réessayer
trouble-quit = Quitter

# Liste
list-search = Chercher un contact
list-add = Ajouter un contact
list-settings = Réglages
list-network = Réseau
list-empty = Pas encore de contact
list-empty-text = Invitez quelqu’un, ou collez l’invitation que l’on vous a donnée.
list-nobody-found = Personne ne s’appelle « { $words } »
list-archived = Archivées
list-back = Retour à toutes
list-draft = Brouillon : { $text }
list-you = Vous : { $text }
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
state-pending = En attente de rencontre : il faut être en ligne tous les deux une fois
state-request = Souhaite devenir votre contact
state-blocked = Bloqué
state-failed = L’invitation a échoué : { $reason }
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
chat-down = Au message le plus récent
chat-unread = Nouveaux messages
chat-copy = Copier le texte
chat-pending-note = Vous pouvez écrire : le message partira quand vous rencontrerez { $name }.
chat-blocked-note = Vous avez bloqué { $name }.
chat-failed-note = Demandez une nouvelle invitation à { $name }.
chat-changed-note = Les clés de { $name } ont changé depuis que vous avez comparé les numéros de sécurité. Comparez-les de nouveau avant d’écrire.
chat-request-note = { $name } a répondu à votre invitation.
chat-needs-newer = Ce message demande une version plus récente de Causerie.
message-queued = En attente : { $name } n’est pas encore joignable
message-sent = En route
message-delivered = Remis
message-read = Lu
message-failed = N’arrivera pas : { $reason }
message-row = { $author }, { $time } : { $text }
message-you = Vous
too-long = C’est plus long qu’un message ne peut l’être (32 768 octets).

# Ajouter
add-title = Ajouter un contact
add-mine = Inviter quelqu’un
add-mine-text = Donnez ce lien, ou faites scanner le code. Le chemin qu’il prend n’a pas besoin d’être secret : il suffit de savoir qui vous a envoyé le sien.
add-make = Créer une invitation
add-many = Plusieurs personnes peuvent répondre (chacune attend votre accord)
add-copy = Copier le lien
add-revoke = La reprendre
add-valid-until = Valable jusqu’à { $when }
add-theirs = J’ai une invitation
add-paste = Collez l’invitation ici
add-accept = Accepter
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
contact-verify = Ce sont les mêmes : marquer comme vérifié
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
settings-home = Où sont vos données
network-title = Réseau
network-offline = Aucun réseau n’est utilisable. Les messages attendent ici et partiront plus tard.
network-lan = On peut vous trouver sur ce réseau. Ailleurs, on ne sait pas si l’on peut vous joindre.
network-loopback = Seuls les programmes de cette machine peuvent vous joindre.
network-listening = Où ce nœud écoute
network-peers = { $count ->
    [0] Aucun contact n’est connecté
    [one] { $count } contact est connecté
   *[other] { $count } contacts sont connectés
}
network-contact-direct = connecté directement
network-contact-away = non connecté
network-notices = Ce qui s’est passé
network-my-id = Votre identifiant
about-title = À propos de Causerie
about-text = Une messagerie sans serveur. Elle n’a pas été auditée : n’y risquez la sécurité de personne.
about-version = Version { $version }
shortcuts-title = Touches
shortcut-search = Chercher un contact
shortcut-add = Ajouter un contact
shortcut-above = Conversation du dessus
shortcut-below = Conversation du dessous
shortcut-settings = Réglages
shortcut-shortcuts = Cette page
shortcut-back = Retour
shortcut-quit = Quitter
shortcut-digits = Conversation selon sa place
copied = Copié
busy = Le nœud est occupé. Réessayez dans un instant.

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
