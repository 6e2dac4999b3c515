package sheepdog.sheep.recovery;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.wire.Response.ObjectState;
import sheepdog.protocol.wire.Response.ObjectState.Kind;
import sheepdog.sheep.cluster.ReplicaSet;

/** One object in a cluster whose members come and go, against what was acknowledged of it. */
class EvidenceProperties {
    @Property(tries = 3000)
    void whatIsFoundIsWhatWasAcknowledgedLastOrTriedSince(
            @ForAll Random random,
            @ForAll @IntRange(min = 1, max = 6) int stores,
            @ForAll @IntRange(min = 1, max = 3) int copies) {
        var model = new Model(random, stores, copies);

        for (int step = 0; step < 150; step++) {
            model.step();
        }

        model.epochOfAll();
        model.replicas()
                .forEach(store -> assertThat(model.brings(store, model.members))
                        .as("store %s of %s", store, model.history)
                        .isTrue());
    }

    /** A store's disk: what is there of the object. */
    private static final class Disk {
        Kind kind = Kind.NOTHING;
        int epoch;
        int value;
        int forgotten;

        void write(int newValue, int now) {
            kind = Kind.COPY;
            epoch = now;
            value = newValue;
        }

        void remove(int now) {
            if (kind != Kind.NOTHING || now > forgotten) {
                kind = now <= forgotten ? Kind.NOTHING : Kind.REMOVED;
                epoch = now;
            }
        }

        int content() {
            return kind == Kind.COPY ? value : ABSENT;
        }

        ObjectState state() {
            return new ObjectState(ResultCode.SUCCESS, kind, new Epoch(epoch), false, new Epoch(forgotten));
        }

        @Override
        public String toString() {
            return kind == Kind.NOTHING ? "-" : kind + "@" + epoch;
        }
    }

    private static final int ABSENT = 0;

    private static final class Model {
        private final Random random;
        private final TreeMap<Long, Disk> disks = new TreeMap<>();
        private final List<List<Long>> rings = new ArrayList<>();
        private final Map<Integer, Set<Long>> recovered = new HashMap<>();
        private final Set<Long> verified = new HashSet<>();
        private final Set<Integer> allowed = new TreeSet<>(Set.of(ABSENT));
        final List<String> history = new ArrayList<>();

        private Set<Long> members;
        private int copies;
        private int now;
        private int whole = 1;
        private int wholeBefore = 1;
        private int born;
        private int lastValue;
        private int lostIn;
        private Set<Long> judges = Set.of();
        private boolean unjudged;

        Model(Random random, int stores, int copies) {
            this.random = random;
            this.copies = copies;
            for (long store = 1; store <= stores; store++) {
                disks.put(store, new Disk());
            }
            epoch(some(disks.keySet()));
        }

        void epochOfAll() {
            epoch(disks.keySet());
        }

        Set<Long> replicas() {
            return replicas(now);
        }

        private Set<Long> replicas(int epoch) {
            var ring = rings.get(epoch - 1);
            return Set.copyOf(ring.subList(0, Math.min(copies, ring.size())));
        }

        private List<ReplicaSet> replicaSets(int from) {
            var sets = new ArrayList<ReplicaSet>();
            for (int epoch = from; epoch <= now; epoch++) {
                if (sets.isEmpty() || sets.getLast().stores().stream().anyMatch(rings.get(epoch - 1)::contains)) {
                    sets.add(new ReplicaSet(new Epoch(epoch), replicas(epoch)));
                }
            }
            return sets;
        }

        private Set<Long> some(Set<Long> of) {
            var chosen = new TreeSet<>(of);
            chosen.removeIf(_ -> random.nextInt(3) == 0);
            return chosen.isEmpty() ? new TreeSet<>(of) : chosen;
        }

        private void epoch(Set<Long> of) {
            now++;
            members = new TreeSet<>(of);
            var ring = new ArrayList<>(members);
            Collections.shuffle(ring, random);
            rings.add(ring);
            verified.clear();
            wholeBefore = whole;
            history.add("epoch " + now + members + "->" + replicas());
        }

        private Evidence evidence(boolean lagging) {
            int from = lagging ? wholeBefore : whole;
            boolean newborn = from <= born;
            int until = lagging ? now - 1 : now;
            boolean lost = (newborn ? born : from) < lostIn;
            return new Evidence(
                    replicaSets(lost ? lostIn : newborn ? born : from),
                    newborn && !lost,
                    new Epoch(now),
                    (store, epoch) -> epoch.number() == 1
                            || epoch.number() <= until
                                    && recovered
                                            .getOrDefault(epoch.number(), Set.of())
                                            .contains(store),
                    lost
                            ? Optional.of(new Evidence.Lost(new Epoch(lostIn), judges, new Epoch(Math.max(1, born))))
                            : Optional.empty());
        }

        private boolean isTrusted(long store) {
            boolean sure = evidence(random.nextBoolean()).isSure(store);
            if (sure) {
                check(disks.get(store).content(), "sure " + store);
            }
            return sure || verified.contains(store);
        }

        private void check(int value, String what) {
            assertThat(allowed).as("%s of %s in %s", what, disks, history).contains(value);
        }

        void step() {
            long store = new ArrayList<>(members).get(random.nextInt(members.size()));
            Disk disk = disks.get(store);
            boolean replica = replicas().contains(store);
            switch (random.nextInt(13)) {
                case 0 -> epoch(some(disks.keySet()));
                case 1, 2, 3, 4 -> {
                    if (replica && !isTrusted(store)) {
                        brings(store, some(members));
                    }
                }
                case 5, 6, 7 -> mutate();
                case 8 -> {
                    if (!replica || isTrusted(store)) {
                        history.add("recovered " + store);
                        recovered.computeIfAbsent(now, _ -> new HashSet<>()).add(store);
                        if (recovered.get(now).containsAll(members)) {
                            whole = now;
                        }
                    }
                }
                case 9 -> {
                    if (whole == now) {
                        history.add("tidy " + store);
                        disk.forgotten = now;
                        if (disk.kind == Kind.REMOVED || disk.kind == Kind.COPY && !replica) {
                            disk.kind = Kind.NOTHING;
                        }
                    }
                }
                case 10 -> {
                    if (verified.remove(store)) {
                        history.add("restart " + store);
                    }
                }
                case 11 -> declareLost(store);
                default -> {
                    boolean gone = replicas().stream().allMatch(s -> isTrusted(s) && disks.get(s).kind != Kind.COPY);
                    if (gone && allowed.equals(Set.of(ABSENT))) {
                        born = now;
                        lostIn = 0;
                        unjudged = false;
                        copies = random.nextInt(1, 4);
                        history.add("born again with " + copies + " copies->" + replicas());
                        verified.clear();
                    }
                }
            }
        }

        /** Nobody who is there is sure; from now on the newest that is there counts, once somebody has looked. */
        private void declareLost(long store) {
            if (evidenceOf(store, members, false).verdict().isPresent()) {
                return;
            }
            boolean first = lostIn == 0;
            lostIn = now;
            judges = replicaSets(Math.max(1, born)).stream()
                    .flatMap(set -> set.stores().stream())
                    .filter(members::contains)
                    .collect(Collectors.toCollection(TreeSet::new));
            judges.addAll(replicas());
            unjudged = true;
            history.add("declared lost, on disk " + disks);
            var acknowledged = Set.copyOf(allowed);
            boolean there = judges.stream()
                    .map(disks::get)
                    .anyMatch(d -> d.kind == Kind.COPY && acknowledged.contains(d.value));
            var found = judges.stream()
                    .map(disks::get)
                    .filter(d -> d.kind != Kind.NOTHING && d.epoch >= born)
                    .toList();
            int newest = found.stream().mapToInt(d -> d.epoch).max().orElse(0);
            allowed.clear();
            found.stream().filter(d -> d.epoch == newest && d.kind == Kind.COPY).forEach(d -> allowed.add(d.value));
            if (allowed.isEmpty()) {
                allowed.add(ABSENT);
            }
            if (first && there && acknowledged.size() == 1) {
                assertThat(allowed).as("%s", history).isEqualTo(acknowledged);
            }
        }

        /** What the first one found who looked after the declaration is what all find from then on. */
        private void judged(Evidence.Verdict verdict) {
            if (unjudged) {
                unjudged = false;
                allowed.retainAll(
                        switch (verdict) {
                            case Evidence.Verdict.Copy(var holders) ->
                                holders.stream().map(s -> disks.get(s).value).collect(Collectors.toSet());
                            case Evidence.Verdict.Absence _ -> Set.of(ABSENT);
                        });
            }
        }

        /** By all who are sure, or by some of them; acknowledged if those are all replicas. */
        private void mutate() {
            boolean removes = random.nextInt(3) == 0;
            var trusted = new TreeSet<>(replicas());
            // What was found out but does not fit on the disk is removed without being brought first.
            trusted.removeIf(s -> !isTrusted(s) && !(removes && random.nextBoolean() && findsOut(s)));
            var reached = random.nextInt(4) == 0 ? some(trusted) : trusted;
            if (reached.isEmpty()) {
                return;
            }
            int value = removes ? ABSENT : ++lastValue;
            history.add((removes ? "removed on " : "written on ") + reached);
            for (long store : reached) {
                if (removes) {
                    disks.get(store).remove(now);
                    verified.add(store);
                } else {
                    disks.get(store).write(value, now);
                }
            }
            if (reached.equals(replicas())) {
                allowed.clear();
            }
            allowed.add(value);
        }

        private boolean findsOut(long store) {
            var verdict = evidenceOf(store, some(members)).verdict();
            verdict.ifPresent(this::judged);
            return verdict.isPresent();
        }

        private Evidence evidenceOf(long store, Set<Long> answering) {
            return evidenceOf(store, answering, random.nextInt(4) == 0);
        }

        private Evidence evidenceOf(long store, Set<Long> answering, boolean lagging) {
            var evidence = evidence(lagging);
            evidence.add(store, disks.get(store).state());
            evidence.witnesses().stream()
                    .filter(answering::contains)
                    .forEach(s -> evidence.add(s, disks.get(s).state()));
            return evidence;
        }

        boolean brings(long store, Set<Long> answering) {
            var evidence = evidenceOf(store, answering);
            var verdict = evidence.verdict();
            assertThat(evidence.missing().isEmpty()).isEqualTo(verdict.isPresent());
            if (verdict.isEmpty()) {
                return false;
            }
            history.add(store + " finds " + verdict.get() + " by " + disks);
            judged(verdict.get());
            switch (verdict.get()) {
                case Evidence.Verdict.Copy(var holders) -> {
                    holders.forEach(s -> check(disks.get(s).value, "copy of " + s));
                    var any = new ArrayList<>(holders);
                    int value = disks.get(any.get(random.nextInt(any.size()))).value;
                    disks.get(store).write(holders.contains(store) ? disks.get(store).value : value, now);
                }
                case Evidence.Verdict.Absence(boolean removed, boolean _) -> {
                    check(ABSENT, "absence");
                    if (removed || disks.get(store).kind == Kind.COPY) {
                        disks.get(store).remove(now);
                    }
                }
            }
            verified.add(store);
            return true;
        }
    }
}
