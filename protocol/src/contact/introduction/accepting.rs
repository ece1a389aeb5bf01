//! The invited's own side: a link becomes a pending contact, its bundle is checked and answered, and the first message
//! is kept until it is known to be durable there.

use crate::{
    answer::{self, CommandError, ContactState, Halt},
    contact::{
        Answer, Contact, ContactRow, FirstState,
        bundle::{self, Bundle},
        introduction,
        introduction::{Refusal, devices, kept_key},
        link_code::{Link, LinkError},
    },
    delivery,
    engine::State,
    event::{Event, NoticeKind},
    ids::AccountId,
    limits,
    name::{self, Name},
    output::Output,
    purge,
    records::{Order, RecordsError},
    session::{
        first_contact::{self, BundlePublic, Established, FirstPayload},
        noise::StaticKeys,
    },
    testing::tap::{self, Doing},
    turn::Turn,
};

/// Answers somebody's link. Whether it has ended is the inviter's to say; our own clock only warns, unless it is to be
/// ignored.
pub(crate) fn accept(
    state: &mut State,
    turn: &mut Turn<'_>,
    text: &str,
    name: Option<&str>,
    ignore_end: bool,
) -> Result<answer::Answer, Halt> {
    let link = Link::decode(text).map_err(|error| match error {
        LinkError::Newer => CommandError::NewerVersion,
        _ => CommandError::BadInvitation,
    })?;
    let name = name.map(name::check).transpose().map_err(|_| CommandError::BadName)?;
    if link.account == state.own.account() {
        return Err(CommandError::OwnInvitation.into());
    }
    if link.is_expired(turn.now.wall) && !ignore_end {
        return Err(CommandError::ExpiredInvitation.into());
    }
    let known = state.contacts.by_account(link.account);
    let before = known.and_then(|row| state.contacts.get(row)).filter(|contact| !contact.removed);
    if before.is_some_and(|contact| contact.links_used.contains(&link.bundle_hash)) {
        return Err(CommandError::AlreadyContact.into());
    }
    if before.is_some_and(|contact| contact.state == ContactState::Blocked) {
        return Err(CommandError::WrongState("this contact is blocked: unblock them first").into());
    }
    if is_borrowed(state, &link) {
        let text = "another contact's invitation has the same secret, so one of them is forged: ask for a new one, or \
                    remove that contact";
        return Err(CommandError::WrongState(text).into());
    }
    if before.is_none() && !state.contacts.has_room() {
        return Err(CommandError::Full("too many contacts: remove some first").into());
    }
    let is_new = before.is_none();
    let consents = before.is_some_and(|contact| contact.state == ContactState::Request);
    let row = match known {
        Some(row) => row,
        None => state.contacts.add(turn, Contact::new(link.account, None, ContactState::Pending))?,
    };
    take_link(state, turn, row, link, name.as_ref())?;
    if is_new || consents {
        delivery::introduce_ourselves(state, turn, row)?;
    }
    if consents {
        introduction::on_consent(state, turn, row);
    }
    state.secrets_changed(turn);
    state.notify(turn, row, if is_new { Event::ContactAdded } else { Event::ContactChanged });
    let view = state.contact_view(row).ok_or(CommandError::NotFound)?;
    Ok(answer::Answer::Contact(Box::new(view)))
}

/// Whether an unsettled link of somebody else has the same secret. Whoever holds a link can put its secret into one of
/// their own; who then shows it in a hello could be either, and the true inviter would be taken for the other.
fn is_borrowed(state: &State, link: &Link) -> bool {
    let same = |answer: &Answer| answer.secret == link.secret;
    state
        .contacts
        .iter()
        .any(|(_, contact)| contact.account != link.account && contact.answer.as_ref().is_some_and(same))
}

/// What a bundle is answered with.
pub(super) struct Answered {
    /// Whose answer it is from now on: of the device that published the bundle, unless a further device of ours says it.
    pub(super) row: ContactRow,
    /// The first message.
    pub(super) first: Vec<u8>,
    /// What it agreed on, where nothing of that is kept before they have it.
    pub(super) made: Option<Made>,
}

/// What a first message of a further device agreed on, with the device of this row.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) row: ContactRow,
    pub(super) established: Established,
}

/// Checks a bundle and answers it; a first message that answers a link is durable before it leaves. `None` when anything is
/// off.
pub(super) fn answer_body(
    state: &mut State,
    turn: &mut Turn<'_>,
    row: ContactRow,
    body: &[u8],
) -> Result<Option<Answered>, RecordsError> {
    let Some(contact) = state.contacts.get(row) else { return Ok(None) };
    let Some(link) = contact.answer.clone().filter(|answer| answer.first != FirstState::Kept) else {
        return Ok(None);
    };
    let of_device = link.first == FirstState::OfDevice;
    // A link names its bundle; a further device of ours takes that of any device which the account certifies.
    let is_meant = of_device || bundle::bundle_hash(body) == link.bundle_hash;
    let account = contact.account;
    let bundle = Bundle::parse(body).ok().filter(|bundle| is_meant && bundle.account() == account);
    let Some(bundle) = bundle else { return Ok(None) };
    let device = (bundle.device(), bundle.static_public());
    let asked = row;
    let Some(row) = devices::row_of(state, turn, asked, bundle.device_list(), device)? else {
        return Ok(None);
    };
    let publisher = BundlePublic {
        account: bundle.account(),
        dev: bundle.device(),
        static_public: bundle.static_public(),
        noise1: bundle.noise1().to_vec(),
    };
    let payload = FirstPayload {
        device_list: state.own.device_list().bytes().to_vec(),
        dev: state.own.device(),
        bundle_for_reply: Vec::new(),
        name: state.name.clone(),
        day: turn.now.wall.day(),
        entries: Vec::new(),
    };
    let statics = StaticKeys::from_secret(state.own.static_secret().clone());
    let Ok((first, established)) =
        first_contact::answer(&publisher, &statics, &link.secret, &payload, &mut turn.random)
    else {
        return Ok(None);
    };
    let doing = Doing { session: established.session, from: state.own.device(), to: bundle.device() };
    tap::first(turn, doing, &first);
    if of_device {
        return Ok(Some(Answered { row: asked, first, made: Some(Made { row, established }) }));
    }
    keep_first(turn, account, &first)?;
    if let Some(contact) = state.contacts.get_mut(asked) {
        contact.answer = None;
    }
    if let Some(contact) = state.contacts.get_mut(row) {
        contact.answer = Some(Answer { first: FirstState::Kept, ..link });
    }
    state.contacts.save(turn, asked)?;
    delivery::adopt(state, turn, row, &established, 0)?;
    Ok(Some(Answered { row, first, made: None }))
}

/// The inviter's device says no.
pub(super) fn on_refused(
    state: &mut State,
    turn: &mut Turn<'_>,
    row: ContactRow,
    refusal: Refusal,
) -> Result<(), RecordsError> {
    let Some(contact) = state.contacts.get_mut(row) else { return Ok(()) };
    let account = contact.account;
    let first = contact.settle_answer().map(|answer| answer.first);
    // Whose answer used it up may be ours, which was lost with the store: then its secret will be recognised.
    let may_be_ours = first == Some(FirstState::Lost) && refusal == Refusal::Used;
    // A contact whose keys work goes on as it was; only the new link led nowhere.
    let person = state.contacts.person(row);
    let pending =
        state.contacts.get_mut(person).filter(|one| one.state == ContactState::Pending && !may_be_ours);
    if let Some(contact) = pending {
        contact.state = ContactState::Failed;
        contact.reason = Some(refusal.sentence().to_owned());
        for row in state.contacts.rows_of(person) {
            let Some(contact) = state.contacts.get_mut(row) else { continue };
            contact.pairs.clear();
            let gone = contact.sessions.clone();
            purge::sessions(state, turn, row, &gone)?;
            state.contacts.save(turn, row)?;
        }
        delivery::give_up(state, turn, person)?;
        state.notify(turn, person, Event::ContactFailed);
    }
    drop_kept_first(turn, account)?;
    state.contacts.save(turn, row)?;
    state.identity_changed();
    Ok(())
}

/// The first message need not be repeated any more.
pub(crate) fn drop_kept_first(turn: &mut Turn<'_>, account: AccountId) -> Result<(), RecordsError> {
    let family = kept_key(turn, account.as_bytes());
    let parts = turn.scan_bytes(&family, (&[], None), Order::Ascending, usize::from(u8::MAX))?;
    for (suffix, _) in parts {
        turn.delete(&family.with(&suffix));
    }
    Ok(())
}

fn keep_first(turn: &mut Turn<'_>, account: AccountId, first: &[u8]) -> Result<(), RecordsError> {
    drop_kept_first(turn, account)?;
    let family = kept_key(turn, account.as_bytes());
    for (part, bytes) in (0_u32..).zip(first.chunks(limits::RECORD_BYTES_MAX)) {
        turn.save_bytes(&family.with(&part.to_be_bytes()), bytes)?;
    }
    Ok(())
}

/// Makes a link the one that is being answered; an unanswered one before it is replaced, and the person told.
fn take_link(
    state: &mut State,
    turn: &mut Turn<'_>,
    row: ContactRow,
    link: Link,
    name: Option<&Name>,
) -> Result<(), RecordsError> {
    drop_kept_first(turn, link.account)?;
    for further in state.contacts.rows_of(row).into_iter().skip(1) {
        if let Some(contact) = state.contacts.get_mut(further)
            && contact.answer.take_if(|answer| answer.first != FirstState::OfDevice).is_some()
        {
            state.contacts.save(turn, further)?;
        }
    }
    let Some(contact) = state.contacts.get_mut(row) else { return Ok(()) };
    let returning = contact.removed || contact.state == ContactState::Failed;
    contact.removed = false;
    contact.history_kept = false;
    if contact.state == ContactState::Pending && contact.answer.is_some() && !returning {
        let text = "a second invitation of the same person takes the place of the first, which was not answered yet; \
                    if different people handed them to you, ask the person which one is theirs";
        turn.push(Output::Notify(Event::Notice {
            kind: NoticeKind::InvitationReplaced,
            text: text.to_owned(),
        }));
    }
    contact.state = match contact.state {
        ContactState::Active | ContactState::Request => ContactState::Active,
        _ => ContactState::Pending,
    };
    contact.reason = None;
    if let Some(name) = name {
        name.as_str().clone_into(&mut contact.name);
        contact.name_chosen = true;
    }
    contact.remember_link(link.bundle_hash);
    contact.answer = Some(Answer {
        secret: link.secret,
        bundle_hash: link.bundle_hash,
        hints: link.hints,
        first: FirstState::NotMade,
    });
    state.contacts.save(turn, row)?;
    state.identity_changed();
    Ok(())
}
