app-name = Causerie

# First start
welcome-title = Welcome to Causerie
welcome-text = Messages go from your machine to theirs. There is no account and no server: choose a name, and you can begin.
welcome-name = Your name, as your contacts see it
welcome-passphrase = Passphrase (optional)
welcome-passphrase-why = Without one, whoever can use this computer account can read your messages. A lost passphrase cannot be recovered.
welcome-begin = Begin
welcome-working = Making your keys…
unlock-title = Locked
unlock-text = This home opens with its passphrase.
unlock-wrong = That was not it. Upper and lower case, spaces and the layout of the keyboard count.
unlock-passphrase = Passphrase
unlock-open = Unlock
starting = Starting…
trouble-title = Causerie cannot start
trouble-retry = Try again
trouble-quit = Quit

# List
list-search = Search contacts
list-add = Add a contact
list-settings = Settings
list-network = Network
list-empty = No contacts yet
list-empty-text = Invite somebody, or paste the invitation that you were given.
list-nobody-found = Nobody is called “{ $words }”
list-archived = Archived
list-back = Back to all
list-draft = Draft: { $text }
list-you = You: { $text }
list-nothing-said = Nothing said yet
list-unshown = A message that needs a newer version
unread = { $count ->
    [one] { $count } unread message
   *[other] { $count } unread messages
}
pin = Pin
unpin = Unpin
archive = Archive
unarchive = Take out of the archive
mute = Mute
unmute = Unmute
contact-page = About this contact

# Somebody's state
state-pending = Waiting to meet them: both of you must be online once
state-request = Wants to be your contact
state-blocked = Blocked
state-failed = The invitation failed: { $reason }
state-online = Online
state-last-seen = Last seen { $when }
state-never-seen = Not met yet
state-verified = Verified
state-changed = Their keys changed

# Conversation
chat-choose = Choose a conversation
chat-write = Write a message
chat-send = Send
chat-empty = Say hello to { $name }
chat-begin = This is where your conversation begins
chat-new-below = { $count ->
    [one] { $count } new message
   *[other] { $count } new messages
}
chat-down = To the newest message
chat-unread = New messages
chat-copy = Copy text
chat-pending-note = You can write: it leaves when you meet { $name }.
chat-blocked-note = You blocked { $name }.
chat-failed-note = Ask { $name } for a new invitation.
chat-changed-note = { $name }’s keys changed since you compared safety numbers. Compare them again before you write.
chat-request-note = { $name } answered your invitation.
chat-needs-newer = This message needs a newer version of Causerie.
message-queued = Waiting: { $name } is not reachable yet
message-sent = On its way
message-delivered = Delivered
message-read = Read
message-failed = Will not arrive: { $reason }
message-row = { $author }, { $time }: { $text }
message-you = You
too-long = This is longer than a message can be (32,768 bytes).

# Adding
add-title = Add a contact
add-mine = Invite somebody
add-mine-text = Give them this link, or let them scan the code. The way it takes need not be secret: it is enough that you know who sent you theirs.
add-make = Make an invitation
add-many = Several people may answer (each waits for your consent)
add-copy = Copy the link
add-revoke = Take it back
add-valid-until = Can be answered until { $when }
add-theirs = I have an invitation
add-paste = Paste the invitation here
add-accept = Accept
add-code = The invitation as a code to scan
add-requests = They want to be your contact
request-accept = Accept
request-ignore = Ignore
request-block = Block

# A contact
contact-rename = Name
contact-save = Save
contact-safety = Safety number
contact-safety-text = Compare these numbers with { $name }, best face to face or by voice. If they are the same on both sides, nobody is in between.
contact-safety-none = The number is known once you have met.
contact-verify = They are the same: mark as verified
contact-block = Block
contact-unblock = Unblock
contact-remove = Remove
contact-remove-text = Removes { $name } and everything that was said, on this machine. They are not told.
contact-remove-yes = Remove { $name }
contact-id = Their id
cancel = Cancel

# Settings, network, about
settings-title = Settings
settings-language = Language
settings-theme = Appearance
theme-system = As the system
theme-light = Light
theme-dark = Dark
settings-zoom = Size of everything
settings-home = Where your data lies
network-title = Network
network-offline = No network can be used. Messages wait here and leave later.
network-lan = People on this network can find you. Whether people elsewhere can is not known.
network-loopback = Only programs on this machine can reach you.
network-listening = Where this node listens
network-peers = { $count ->
    [0] No contact is connected
    [one] { $count } contact is connected
   *[other] { $count } contacts are connected
}
network-contact-direct = connected directly
network-contact-away = not connected
network-notices = What happened
network-my-id = Your id
about-title = About Causerie
about-text = A messenger without servers. It has not been audited: do not stake anybody’s safety on it.
about-version = Version { $version }
shortcuts-title = Keys
shortcut-search = Search contacts
shortcut-add = Add a contact
shortcut-above = Conversation above
shortcut-below = Conversation below
shortcut-settings = Settings
shortcut-shortcuts = This page
shortcut-back = Back
shortcut-quit = Quit
shortcut-digits = Conversation by its place
copied = Copied
busy = The node is busy. Try again in a moment.

# Days
day-today = Today
day-yesterday = Yesterday
day-this-year = { $weekday }, { $day } { $month }
day-other-year = { $weekday }, { $day } { $month } { $year }
day-short = { $day }/{ $month }/{ $year }
weekday-1 = Monday
weekday-2 = Tuesday
weekday-3 = Wednesday
weekday-4 = Thursday
weekday-5 = Friday
weekday-6 = Saturday
weekday-7 = Sunday
month-1 = January
month-2 = February
month-3 = March
month-4 = April
month-5 = May
month-6 = June
month-7 = July
month-8 = August
month-9 = September
month-10 = October
month-11 = November
month-12 = December
