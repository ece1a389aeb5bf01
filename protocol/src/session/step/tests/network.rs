//! Two devices over any network, with any pauses, restarts and crashes: whatever is delivered opens once, however late,
//! no step in flight makes the session unsound, and both agree on every epoch.

use std::collections::BTreeMap;

use super::*;

/// How a network treats what is sent, in percent, and how fast the time goes.
#[derive(Clone, Copy)]
struct Weather {
    loss: u64,
    copies: u64,
    late: u64,
    crashes: u64,
    channels: u64,
    pause_max: u64,
    /// Offers that are not their sender's, by a thief of its state: at most two an epoch and side.
    forged: u64,
}

const WEATHERS: [Weather; 7] = [
    Weather { loss: 0, copies: 0, late: 0, crashes: 0, channels: 0, pause_max: 10, forged: 0 },
    Weather { loss: 0, copies: 20, late: 30, crashes: 0, channels: 5, pause_max: 10, forged: 0 },
    Weather { loss: 39, copies: 10, late: 10, crashes: 0, channels: 0, pause_max: 20, forged: 0 },
    Weather { loss: 20, copies: 10, late: 20, crashes: 10, channels: 10, pause_max: 5, forged: 0 },
    Weather { loss: 5, copies: 5, late: 60, crashes: 3, channels: 2, pause_max: 60, forged: 0 },
    Weather { loss: 10, copies: 30, late: 10, crashes: 20, channels: 30, pause_max: 700, forged: 0 },
    Weather { loss: 10, copies: 10, late: 10, crashes: 5, channels: 10, pause_max: 60, forged: 10 },
];

struct Mail {
    to_b: bool,
    due: u64,
    expected: Vec<Record>,
    envelope: Vec<u8>,
}

struct World {
    devices: [Device; 2],
    random: TurnRandom,
    weather: Weather,
    tick: u64,
    way: Vec<Mail>,
    opened: std::collections::BTreeSet<Vec<u8>>,
    chains: BTreeMap<u32, Secret>,
    texts: u64,
    /// Forged offers of each side and epoch.
    forged: BTreeMap<(usize, u32), u32>,
}

impl World {
    fn new(seed: u64, weather: Weather) -> Self {
        let (mut a, mut b) = pair();
        (a.salt, b.salt) = (seed * 2 + 10_000_000, seed * 2 + 10_000_001);
        Self {
            devices: [a, b],
            random: TurnRandom::new(&Entropy::new(hash("test", &[b"network", &seed.to_be_bytes()]))),
            weather,
            tick: 0,
            way: vec![],
            opened: std::collections::BTreeSet::new(),
            chains: BTreeMap::new(),
            texts: 0,
            forged: BTreeMap::new(),
        }
    }

    fn percent(&mut self, percent: u64) -> bool {
        self.random.below(100) < percent
    }

    /// Something happens to the clocks, the links and the processes.
    fn turn_of_events(&mut self) {
        self.tick += 1;
        let pause = Duration::from_millis(self.random.below(self.weather.pause_max * 1_000 + 1));
        let [a, b] = &mut self.devices;
        pass(a, b, pause);
        if self.percent(self.weather.channels) {
            let [a, b] = &mut self.devices;
            meet(a, b);
        }
        if self.percent(self.weather.crashes) {
            self.devices[usize::try_from(self.tick % 2).unwrap()].restart();
        }
    }

    fn send(&mut self) {
        let who = usize::try_from(self.random.below(2)).unwrap();
        let entry = self.percent(60);
        self.texts += 1;
        let expected = if entry {
            vec![text_record(&format!("text {}", self.texts))]
        } else {
            vec![Record::Heads(self.texts.to_be_bytes().to_vec())]
        };
        if self.percent(self.weather.forged) {
            self.forge(who);
        }
        if self.percent(self.weather.crashes) {
            let records = expected.clone();
            self.devices[who].lost_turn(|device| drop(device.seal(&records)));
        }
        let envelope = self.devices[who].seal(&expected);
        if self.percent(self.weather.loss) {
            return;
        }
        let copies = 1 + u64::from(self.percent(self.weather.copies));
        for _ in 0..copies {
            let late =
                if self.percent(self.weather.late) { self.random.below(150) } else { self.random.below(3) };
            self.way.push(Mail {
                to_b: who == 0,
                due: self.tick + late,
                expected: expected.clone(),
                envelope: envelope.clone(),
            });
        }
    }

    /// An offer by a copy of a device comes in an envelope that is the device's own.
    fn forge(&mut self, who: usize) {
        let forged = self.forged.entry((who, self.devices[who].n())).or_default();
        if *forged == 2 {
            return;
        }
        *forged += 1;
        let device = &mut self.devices[who];
        let mut copy = device.opened_on(device.records.clone(), self.tick + 77_000_000);
        copy.turn(|turn, session| session.steps.finish(turn, &session.id));
        copy.session.on_channel();
        copy.writes("elsewhere");
        let said = copy.session.steps.offer.unwrap().said;
        let envelope = device.forges(&[Record::Offer(said)]);
        self.way.push(Mail { to_b: who == 0, due: self.tick, expected: vec![], envelope });
    }

    fn deliver(&mut self, all: bool) {
        let due: Vec<usize> =
            (0..self.way.len()).rev().filter(|at| all || self.way[*at].due <= self.tick).collect();
        for at in due {
            let mail = self.way.swap_remove(at);
            let crashes = self.percent(self.weather.crashes);
            let device = &mut self.devices[usize::from(mail.to_b)];
            if crashes {
                device.lost_turn(|device| drop(device.open(&mail.envelope)));
            }
            let known = !self.opened.insert(mail.envelope.clone());
            let expected = if known { Opened::Duplicate } else { Opened::Records(mail.expected) };
            assert_eq!(device.open(&mail.envelope), expected);
            assert!(
                device.logged.is_empty() || self.weather.crashes + self.weather.forged > 0,
                "{:?}",
                device.logged
            );
            self.check();
        }
    }

    fn check(&mut self) {
        let [a, b] = &self.devices;
        assert!(sound(&a.status(), &b.status()) && sound(&b.status(), &a.status()));
        assert!(a.n().abs_diff(b.n()) <= 1);
        for device in &self.devices {
            assert!(device.candidates() <= limits::CANDIDATES_MAX);
            let epoch = &device.session.epochs[&device.n()];
            let chain = self.chains.entry(epoch.n).or_insert_with(|| epoch.chain().clone());
            assert!(chain == epoch.chain(), "a fork in epoch {}", epoch.n);
            assert!(device.session.epochs.len() <= 40, "{}", device.session.epochs.len());
        }
    }

    fn run(mut self, ticks: u64) -> (u32, u64) {
        for _ in 0..ticks {
            self.turn_of_events();
            for _ in 0..self.random.below(4) {
                self.send();
            }
            self.deliver(false);
            if self.tick.is_multiple_of(16) {
                assert!(self.devices.iter().all(Device::is_durable));
            }
        }
        self.deliver(true);
        // Nothing is owed any more: only what was lost keeps a key.
        if self.weather.loss == 0 {
            for device in &self.devices {
                let owed: usize =
                    device.session.epochs.values().filter(|epoch| epoch.receiving.skipped > 0).count();
                assert_eq!((owed, device.records.count(b'K')), (0, 0));
                assert!(device.records.count(b'P') <= 2);
            }
        }
        (self.devices[0].n(), self.texts)
    }
}

#[test]
fn whatever_is_delivered_opens_once_across_all_epochs() {
    let mut most = [0; WEATHERS.len()];
    let (mut texts, mut epochs) = (0, 0);
    for (number, weather) in WEATHERS.into_iter().enumerate() {
        for seed in 0..5 {
            let (n, sent) = World::new(seed, weather).run(250);
            most[number] = most[number].max(n);
            (texts, epochs) = (texts + sent, epochs + u64::from(n));
        }
        assert!(most[number] >= 10, "weather {number}: {most:?}");
    }
    assert!(texts > 9_000 && epochs > 400, "{texts} texts, {epochs} epochs");
}
