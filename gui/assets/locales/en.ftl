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
shut-text = The window is locked; messages go on arriving.
starting = Starting…
trouble-title = Causerie cannot start
trouble-retry = Try again
trouble-aside = Set aside and begin anew
trouble-choices-aside = Set it aside and start without it
trouble-quit = Quit

# List
list-search = Search contacts
list-add = Add a contact
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
chat-unread-above = { $count } new messages above
chat-down = To the newest message
chat-unread = New messages
chat-unfold = Show all of it
chat-copy = Copy text
chat-pending-note = You can write: it leaves when you meet { $name }.
chat-blocked-note = You blocked { $name }.
chat-failed-note = Ask { $name } for a new invitation.
chat-changed-note = { $name }’s keys changed since you compared safety numbers. Compare them again before you write.
chat-request-note = { $name } answered your invitation.
chat-nothing-seen = A message with nothing to be seen in it.
chat-needs-newer = This message needs a newer version of Causerie.
message-queued = Waiting: { $name } is not reachable yet
message-sent = On its way
message-delivered = Delivered
message-read = Read
message-failed = Will not arrive: { $reason }
message-row = { $author }, { $time }: { $text }
message-you = You
too-long = This is longer than a message can be (32,768 bytes).

# About one message
chat-details = Details
details-title = About this message
details-written = Written
details-received = Received here
details-state = Now
details-delivered = Delivered
details-read = Read
details-path = By
details-path-direct = a direct connection between your machines
details-path-relayed = over a relay, which can read nothing
details-unknown = the time is not kept any more
details-close = Close

# Adding
add-title = Add a contact
add-mine = Invite somebody
add-mine-text = Give them this link, or let them scan the code. Send it over a way that you trust: whoever gets hold of it first can answer in their place.
add-make = Make an invitation
add-many = Several people may answer (each waits for your consent)
add-copy = Copy the link
add-revoke = Take it back
add-used = The last link was answered: whoever did is in your list. The next person needs one of their own.
add-ended = The last link cannot be answered any more.
add-answers = { $count ->
    [0] Nobody has answered it yet
    [one] { $count } person has answered it
   *[other] { $count } people have answered it
}
add-valid-until = Can be answered until { $when }
add-theirs = I have an invitation
add-paste = Paste the invitation here
add-picture = Or drop a picture of its code here, or paste one.
add-picture-reading = Looking for an invitation…
add-picture-found = This is the invitation that was found. Accept it if you know who it is from.
add-picture-none = No code can be read in this picture. Try a sharper one, with some white around the code.
add-picture-other = There is no invitation in this: it says something else.
add-picture-large = This is too large to be looked at (24 MB, 32 million points).
add-picture-unknown = This is no picture that can be read (PNG, JPEG or WebP), and no text.
given-none = There is no invitation in this: one begins with “causerie:”.
given-known = It leads to { $name }, who is in your list.
given-unknown = It does not say who made it: accept it only if you know who sent it to you.
given-one = Only one person can answer it.
given-many = Several people can answer it.
given-until = It can be answered until { $when }.
given-endless = It has no end.
given-ask = Whoever made it then decides whether you become a contact.
given-nowhere = It does not say where they are: you meet on the same local network only.
given-here = It leads to this machine only.
add-drop = Let go to look for an invitation in it
add-accept = Accept
add-choose = Choose a picture…
choose-title = A picture of an invitation’s code
choose-pictures = Pictures
choose-all = All files
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
compare-code = Your common number as a code to scan
compare-text = Or let this machine compare: paste the digits, or a picture of the code, that { $name } showed you or sent you by another way; or drop the picture here.
compare-field = Their number
compare-reading = Looking for a number…
compare-same = They are the same.
compare-different = They are not the same. Somebody may be in between, or this is the number of another conversation: do not mark it as verified.
compare-none = There is no safety number in this: it has 60 digits.
compare-drop = Let go to compare the number in it
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
passphrase-title = Passphrase
passphrase-there = Your data opens with a passphrase. Nobody can give it back to you.
passphrase-none = There is none: whoever can use this computer account can read your messages. Copies of the data that were made before stay as they are.
passphrase-current = Current passphrase
passphrase-new = New passphrase
passphrase-again = The same once more
passphrase-differs = These two differ.
passphrase-set = Set the passphrase
passphrase-remove = Remove the passphrase
passphrase-is-set = The passphrase is set
passphrase-is-removed = The passphrase is removed
lock-title = Lock the window
lock-text = Messages go on arriving while it is locked. To take the keys out of memory, quit Causerie.
lock-never = Never by itself
lock-after = { $minutes ->
    [one] After { $minutes } minute
   *[other] After { $minutes } minutes
}
lock-needs-passphrase = Set a passphrase first
settings-notify = Notifications
settings-notify-text = None for the conversation you are looking at, or for those that are muted.
settings-notify-none = This system shows no notifications.
notify-level-message = With the name and the message
notify-level-name = With the name
notify-level-presence = Only that there is a message
notify-level-nothing = None
settings-closing = When the window is closed
settings-closing-none = This system has no tray, so closing the window quits Causerie.
settings-closing-ask = Ask
settings-closing-stay = Keep running: messages go on arriving
settings-closing-quit = Quit
settings-search = Search settings
settings-nothing = No setting has these words.
beyond-title = Beyond this network
beyond-reading = Looking at what was chosen…
beyond-broken = network.toml cannot be understood and was left alone. Causerie does not start with it: correct it, or replace it here.
beyond-replace = Replace it
beyond-replaces = This takes the place of network.toml, which cannot be understood. What that says stays in network.toml.previous.
beyond-servers = Servers
beyond-servers-text = People behind routers meet through a server. It can read nothing; it sees where you are, and when you are there.
beyond-servers-none = None is named: nothing beyond this network is asked, and people elsewhere do not find you.
beyond-server = Address of a server, such as /ip4/203.0.113.10/tcp/47474
beyond-server-add = Add server
beyond-server-remove = Remove
beyond-server-remove-of = Remove the server { $server }
beyond-server-wrong = This is no address of a server: write /ip4/ and an IP address, or /ip6/ and one, then /tcp/ and a port, or /udp/, a port and /quic-v1.
beyond-exposure = Who may see where you are
exposure-open = Open
exposure-open-text = Contacts and servers may learn your address, and contacts connect to you directly.
exposure-relays-only = Relays only
exposure-relays-only-text = Contacts meet you over relays and never learn your address; the servers see it. Without a server nobody meets you, not even on this network.
exposure-lan-only = This network only
exposure-lan-only-text = Nothing beyond this network is dialled, and nobody from there is let in. Whoever is on it can see that you are there.
exposure-stealth = Stealth
exposure-stealth-text = Nothing is announced anywhere and nobody is let in: you dial others, who see your address then, and nobody finds you.
beyond-proxy = SOCKS5 proxy, as in 127.0.0.1:9050 (optional)
beyond-proxy-text = With one, everything goes through it, over TCP, and nobody is let in but over relays.
beyond-proxy-wrong = A proxy is an IP address and a port, as in 127.0.0.1:9050.
beyond-serves = network.toml makes this home a server for others, who could not reach it like this: it has to be open, without a proxy.
beyond-save = Save these choices
beyond-save-text = What is saved counts from the next start of Causerie: quit it, then open it again.
beyond-saved = Saved. It counts from the next start of Causerie.
storage-title = Storage
storage-size = { $size } on the disk
storage-unknown = The files cannot be looked at.
storage-counting = Counting messages…
storage-conversations = { $count ->
    [one] { $count } conversation
   *[other] { $count } conversations
}
storage-messages = { $count ->
    [one] { $count } message
   *[other] { $count } messages
}
devices-title = Your devices
devices-this = This one (added: { $day })
devices-other = Another one (added: { $day })
devices-text = Devices of yours share what you and your contacts say. A copy of this folder on another machine is no device of its own until it is made one.
devices-separate = Make this copy a device of its own
devices-separate-text = Only for a copy of your data, and not for the original. This copy gets keys of its own, and your contacts learn it when they meet it; then both can run. Invitations that are open stay with the original. Contacts who compared your safety number are asked to do so again. It cannot be undone.
devices-separate-yes = It is a copy: make it a device
settings-home = Where your data lies
network-title = Network
network-offline = No network can be used. Messages wait here and leave later.
network-lan = People on this network can find you. Nothing beyond it is asked: no server is named in the settings.
network-lan-only = People on this network can find you, and nothing beyond it is used, as you chose.
network-no-server = People on this network can find you. No server answers, so people elsewhere cannot: messages for them wait.
network-direct = Anybody you know can reach you directly, wherever they are.
network-relayed = Your contacts reach you over a relay, which can read nothing; directly where your routers allow it.
network-unknown = How people elsewhere can reach you is being found out.
network-loopback = Only programs on this machine can reach you.
network-listening = Where this node listens
network-peers = { $count ->
    [0] No contact is connected
    [one] { $count } contact is connected
   *[other] { $count } contacts are connected
}
network-contact-direct = connected directly
network-contact-relayed = connected over a relay
network-contact-away = not connected
network-my-id = Your id
network-report = Copy report
network-report-text = For somebody who helps: versions, counts and kinds. No names, ids, texts or addresses.
test-button = Test
test-button-of = Test the way to { $name }
test-running = Testing… This takes at most sixteen seconds.
test-reachable = { $name } can be reached: there and back in { $time } ms.
test-no-network = This machine has no network. Messages wait here.
test-not-listening = This node listens nowhere, so nobody can reach it.
test-no-address = It is not known where { $name } is. Name a server in the settings, both of you; be on one network once; or answer a new invitation.
test-no-answer = { $name } does not answer where they were last. Their program may not be running, you may be on different networks, or a firewall is between you.
test-no-consent = { $name } is there, and has not accepted you yet.
test-no-keys = { $name } is there, but no secure connection came of it.
test-no-channel = { $name } is there, but the connection ended at once.
test-no-echo = A connection to { $name } stands, but nothing comes back.
test-step-network = This machine has a network
test-step-listening = This node listens
test-step-address = It is known where they may be
test-step-dial = They answer there
test-step-handshake = Keys are agreed on
test-step-channel = A secure connection stands
test-step-ping = It carries something there and back
test-done = yes
test-failed = no
test-chosen = no, by your choice
test-not-tried = not tried
test-answered = they are there
test-refused = the machine is there, no program listens
test-timed-out = nothing answered in time
test-unreachable = no way leads there from here
test-somebody-else = somebody else is there, or does not know you
test-other-version = only other versions of the program are understood there
test-broken = what is there is not Causerie
about-title = About Causerie
about-text = A messenger without servers. It has not been audited: do not stake anybody’s safety on it.
about-version = Version { $version }
about-commit = From commit { $commit }
shortcuts-title = Keys
palette-words = A name, or something to do
palette-nothing = Nothing is called that
shortcut-palette = Go to anybody, do anything
shortcut-search-here = Search messages here
shortcut-search-all = Search all messages
shortcut-add = Add a contact
shortcut-unread-above = Unread conversation above
shortcut-unread-below = Unread conversation below
shortcut-emoji = Emoji
shortcut-above = Conversation above
shortcut-below = Conversation below
shortcut-archive = Archive, or take out of the archive
shortcut-pane = Between the list and what is beside it
shortcut-network = Network
shortcut-settings = Settings
shortcut-shortcuts = Keys
shortcut-lock = Lock now
shortcut-zoom-in = Larger
shortcut-zoom-out = Smaller
shortcut-zoom-reset = Normal size
shortcut-back = Back
shortcut-close = Close the window
shortcut-quit = Quit
shortcut-digits = Conversation by its place
key-control = Ctrl
key-command = ⌘
key-alt = Alt
key-shift = Shift
key-up = Up
key-down = Down
key-page-up = Page Up
key-page-down = Page Down
key-escape = Esc
size-kilo = { $size } kB
size-mega = { $size } MB
size-giga = { $size } GB
decimal-sign = .
copied = Copied
busy = The node is busy. Try again in a moment.

# After the program broke
crash-text = The last time, Causerie broke off. What was said is kept. A report, without names or texts, lies in { $path }
crash-show = Show
crash-copy = Copy
crash-title = What broke

# What went wrong
error-bad-home = This folder cannot hold your data.
    .hint = Nothing was changed. Start Causerie with another folder: causerie --home FOLDER.
error-no-identity = Nobody lives in this folder yet.
    .hint = Choose a name to begin.
error-identity-exists = Somebody already lives in this folder.
    .hint = Nothing was changed.
error-home-in-use = Another program has this folder open.
    .hint = Close it, or wait until it has ended, then try again.
error-newer-home = This folder was written by a newer version of Causerie.
    .hint = Nothing was changed. Install that version, or a later one.
error-wrong-passphrase = This is not the passphrase.
    .hint = Upper and lower case, spaces and the layout of the keyboard count.
error-no-passphrase = There is no passphrase here.
    .hint = Nothing was changed.
error-identity-lost = The file with your identity is missing, while your messages are there.
    .hint = Put the file “identity” back from a copy of this folder, then try again.
error-store-damaged = The stored messages are damaged.
    .hint = They can be moved aside and begun anew: your identity and contacts stay, your contacts give back what you said to each other, and what never reached them stays in the old files.
error-choices = The file network.toml, which says how you use networks, cannot be used.
    .hint = Nothing was started, for it may be there to hide you. Correct it, then try again. Or set it aside: it is kept, but nothing that it says counts any more, neither its servers nor what hides you.
error-file = A file cannot be used as it is.
    .hint = What was confirmed before is kept. Put it right, then try again.
error-storage = Your data cannot be read or written.
    .hint = What was confirmed before is kept. Look at the free space and the rights of the folder, then try again.
error-disk-full = The disk is full.
    .hint = What was confirmed before is kept, and what others send waits with them. Free some space, then try again.
error-read-only = Your data can be read and not written.
    .hint = Nothing was changed. Make the folder and its disk writable, then try again.
error-network = The network cannot be used.
    .hint = Messages wait here and leave when a network can be used.
error-stopped = The node has stopped.
    .hint = What was confirmed is kept. Try again in a moment.
error-not-found = Nobody is called that any more.
    .hint = Nothing was changed.
error-message-not-found = This message is not here any more.
    .hint = Nothing was changed.
error-own-invitation = This invitation is your own.
    .hint = Give it to the person that you want to talk to.
error-bad-invitation = This is no whole invitation.
    .hint = Copy the link again, from “causerie:” to its end.
error-expired-invitation = This invitation has expired.
    .hint = Ask for a new one, and check that the clock of this computer is right.
error-newer-version = This invitation was made by a newer version of Causerie.
    .hint = Install the newest version and accept it again.
error-already-contact = This invitation already led to a contact.
    .hint = There is nothing to do: look at your list.
error-verification-changed = Their keys changed since you compared safety numbers.
    .hint = Nothing was sent. Compare them again first.
error-empty = There is nothing to send.
    .hint = Write at least one character.
error-too-long = This is too long.
    .hint = Nothing was sent. Split it into several messages.
error-bad-name = This cannot be a name.
    .hint = It needs 1 to 64 characters, none of them hidden.
error-full = There are too many of these.
    .hint = Nothing was changed. Remove what you do not need any more, then try again.
error-wrong-state = This cannot be done with this contact now.
    .hint = Nothing was changed. Their page shows how things stand.

# What happened
notice-title = What happened
notice-dismiss = All right
notice-keys-renewed = Keys of a conversation were renewed. What was not confirmed is sent again.
notice-twin = Another copy of this Causerie is running, or an old copy of its data was put back. Run one copy only, or make this copy a device of its own in the settings.
notice-store-repaired = Some stored messages were lost; what your contacts have is fetched from them.
notice-answered-twice = Somebody answered an invitation a second time, with other keys. Only the first answer counts.
notice-invitation-replaced = The newer invitation of a contact took the place of the older one.
notice-fork = Two versions of one message were found, from a copy of somebody’s data. Both are kept.
notice-device-added = Another device of yours is known to your contacts now. If you did not add it, somebody has a copy of your data.
notice-device-list-changed = The keys of a contact changed.
notice-limit-reached = Somebody sent more than is allowed; the rest was refused.
notice-no-room = Nothing new can be kept: the disk is full, or your data cannot be written. What others send waits with them.
notice-room-again = There is room again, and everything goes on.
notice-identity-recovered = The file with your identity was unreadable; the one before took its place.
notice-store-set-aside = The damaged messages were moved aside, and a new store has begun. Your contacts give back what they have.
reason-used = somebody else used it first
reason-expired = it has expired
reason-revoked = it was taken back
reason-newer = it needs a newer version
reason-gone = the contact was removed, or the invitation failed

# Looking for messages
search-title = Search messages
search-words = Words to look for
search-hint = Words are found whatever their accents and capitals. Everything stays on this computer.
search-within = Only with { $name }
search-to = To { $name }
search-goes-on = Looking… { $count ->
    [one] { $count } found
   *[other] { $count } found
} so far, { $messages } looked at
search-done = { $count ->
    [one] { $count } message found
   *[other] { $count } messages found
}
search-more = { $count } messages found. There may be more: add a word.
search-nothing = No message has these words.

# Around the window
notify-new = { $count ->
    [one] New message
   *[other] { $count } new messages
}
notify-several = { $name } ({ $count })
notify-request = Somebody wants to be your contact
tray-open = Open Causerie
closing-title = Keep running in the background?
closing-text = Messages go on arriving, and the icon in the tray opens the window again. If you quit, messages wait with whoever wrote them.
closing-later = You can change this in the settings.
closing-stay = Keep running
closing-quit = Quit

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

# Emoji
emoji-open = Emoji
emoji-search = Search emoji
emoji-none = No emoji for “{ $words }”
emoji-found = Found
emoji-last = Used last
emoji-smileys = Faces and feelings
emoji-people = People and gestures
emoji-nature = Animals and nature
emoji-food = Food and drink
emoji-travel = Travel and places
emoji-activities = Activities
emoji-objects = Objects
emoji-symbols = Signs
emoji-flags = Flags
emoji-tone-none = No tone of skin
emoji-tone-light = Light skin
emoji-tone-medium-light = Medium light skin
emoji-tone-medium = Medium skin
emoji-tone-medium-dark = Medium dark skin
emoji-tone-dark = Dark skin

# Words that settings are found by beside those that are shown
settings-languages = English Français
beyond-found = Network, internet, network.toml, Tor, hide
storage-found = Disk, folder, size, messages
