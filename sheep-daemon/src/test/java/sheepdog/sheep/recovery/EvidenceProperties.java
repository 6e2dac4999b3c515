package sheepdog.sheep.recovery;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
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

/**
 * One object of two sectors in a cluster whose members come and go and whose gateway dies, against what was acknowledged of
 * it, and what was read.
 */
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
        int mutated;
        boolean marked;
        int[] sectors = {ABSENT, ABSENT};
        int forgotten;

        void write(int sector, int value, int now) {
            if (kind != Kind.COPY) {
                sectors = new int[] {ABSENT, ABSENT};
            }
            sectors[sector] = value;
            mutate(now);
        }

        /** As the owner that settles the object writes a whole copy. */
        void replace(int[] content, int now) {
            sectors = content.clone();
            mutate(now);
        }

        private void mutate(int now) {
            kind = Kind.COPY;
            epoch = now;
            mutated = now;
            marked = true;
        }

        void copy(Disk source, int now) {
            kind = Kind.COPY;
            sectors = source.sectors.clone();
            epoch = now;
            mutated = source.mutated;
            marked |= source.marked;
        }

        void remove(int now, boolean mark) {
            if (kind != Kind.NOTHING || now > forgotten) {
                kind = now <= forgotten ? Kind.NOTHING : Kind.REMOVED;
                epoch = now;
            }
            marked |= mark;
        }

        void settled(int now) {
            if (marked && kind == Kind.COPY) {
                epoch = now;
                mutated = now;
            }
            marked = false;
        }

        int[] content() {
            return kind == Kind.COPY ? sectors.clone() : new int[] {ABSENT, ABSENT};
        }

        ObjectState state() {
            return new ObjectState(
                    ResultCode.SUCCESS, kind, new Epoch(epoch), marked, new Epoch(forgotten), new Epoch(mutated));
        }

        @Override
        public String toString() {
            return (kind == Kind.NOTHING ? "-" : kind + "@" + epoch + "(" + mutated + ")" + Arrays.toString(sectors))
                    + (marked ? "!" : "");
        }
    }

    private static final int ABSENT = 0;

    /** What the owner has sent and not all replicas have acknowledged: it sends it again and again. */
    private record Pending(boolean removes, int sector, int value) {}

    /** A register: what was acknowledged or read last, or what was tried since. */
    private static final class Sector {
        private int latest = ABSENT;
        private boolean acknowledged = true;
        private final Set<Integer> tried = new TreeSet<>();

        Set<Integer> allowed() {
            var allowed = new TreeSet<>(tried);
            allowed.add(latest);
            return allowed;
        }

        void write(int value, boolean acknowledged) {
            if (acknowledged) {
                tried.clear();
                latest = value;
                this.acknowledged = true;
            } else {
                tried.add(value);
            }
        }

        /** An operator declared that lost which was there before. */
        void becomes(Set<Integer> found) {
            tried.clear();
            tried.addAll(found);
            latest = found.iterator().next();
            tried.remove(latest);
        }

        /** Never back to what was before it; what was tried may still come, as if it were only now. */
        void read(int value) {
            tried.remove(value);
            acknowledged &= value == latest;
            latest = value;
        }
    }

    private static final class Model {
        private final Random random;
        private final TreeMap<Long, Disk> disks = new TreeMap<>();
        private final List<List<Long>> rings = new ArrayList<>();
        private final Map<Integer, Set<Long>> recovered = new HashMap<>();
        private final Map<Long, Integer> lastMemberIn = new HashMap<>();
        private final Set<Long> verified = new HashSet<>();
        private final List<Sector> sectors = List.of(new Sector(), new Sector());
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
        private Optional<Pending> pending = Optional.empty();
        private boolean unsettled;
        private int settledIn;

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
            if (now > 1 && random.nextBoolean()) { // As a ring does: who stays keeps what it has.
                ring.sort(Comparator.comparingInt(store -> rings.getLast().indexOf(store) & Integer.MAX_VALUE));
            } else {
                Collections.shuffle(ring, random);
            }
            rings.add(ring);
            verified.clear();
            wholeBefore = whole;
            history.add("epoch " + now + members + "->" + replicas());
            if (members.stream().anyMatch(store -> lastMemberIn.getOrDefault(store, settledIn) < settledIn)) {
                ownerDies();
            }
            members.forEach(store -> lastMemberIn.put(store, now));
        }

        private void ownerDies() {
            history.add("owner dies");
            pending = Optional.empty();
            unsettled = true;
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

        private void check(int[] content, String what) {
            for (int sector = 0; sector < content.length; sector++) {
                assertThat(sectors.get(sector).allowed())
                        .as("sector %s of %s of %s in %s", sector, what, disks, history)
                        .contains(content[sector]);
            }
        }

        void step() {
            long store = new ArrayList<>(members).get(random.nextInt(members.size()));
            Disk disk = disks.get(store);
            boolean replica = replicas().contains(store);
            switch (random.nextInt(16)) {
                case 0 -> epoch(some(disks.keySet()));
                case 1, 2, 3, 4 -> {
                    if (replica && !isTrusted(store)) {
                        brings(store, some(members));
                    }
                }
                case 5, 6, 7 -> {
                    if (!unsettled) {
                        mutate();
                    }
                }
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
                        if (disk.kind == Kind.REMOVED) {
                            disk.kind = Kind.NOTHING;
                        } else if (disk.kind == Kind.COPY && !replica && disk.epoch < now) {
                            disk.kind = Kind.NOTHING;
                            disk.marked = false;
                        }
                    }
                }
                case 10 -> {
                    if (verified.remove(store)) {
                        history.add("restart " + store);
                    }
                }
                case 11 -> ownerDies();
                case 12 -> {
                    if (unsettled) {
                        settle();
                    }
                }
                case 13 -> {
                    if (!unsettled && pending.isEmpty() && replica && isTrusted(store)) {
                        read(store);
                    }
                }
                case 14 -> declareLost(store);
                default -> {
                    boolean gone = replicas().stream().allMatch(s -> isTrusted(s) && disks.get(s).kind != Kind.COPY);
                    if (gone && !unsettled && pending.isEmpty() && isAllowedOnly(ABSENT)) {
                        born = now;
                        lostIn = 0;
                        unjudged = false;
                        copies = random.nextInt(1, 4);
                        history.add("born again with " + copies + " copies->" + replicas());
                        verified.clear();
                        ownerDies();
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
            boolean certain =
                    first && sectors.stream().allMatch(sector -> sector.acknowledged && sector.tried.isEmpty());
            int[] acknowledged = {sectors.get(0).latest, sectors.get(1).latest};
            boolean there = judges.stream()
                    .map(disks::get)
                    .anyMatch(d -> d.kind == Kind.COPY && Arrays.equals(d.sectors, acknowledged));
            var found = judges.stream()
                    .map(disks::get)
                    .filter(d -> d.kind != Kind.NOTHING && d.epoch >= born)
                    .toList();
            int newest = found.stream().mapToInt(d -> d.epoch).max().orElse(0);
            var contents = found.stream()
                    .filter(d -> d.epoch == newest && d.kind == Kind.COPY)
                    .map(Disk::content)
                    .toList();
            for (int sector = 0; sector < sectors.size(); sector++) {
                sectors.get(sector).becomes(values(contents, sector));
                if (certain && there) {
                    assertThat(sectors.get(sector).allowed()).as("%s", history).contains(acknowledged[sector]);
                }
            }
        }

        private static Set<Integer> values(List<int[]> contents, int sector) {
            return contents.isEmpty()
                    ? Set.of(ABSENT)
                    : contents.stream().map(content -> content[sector]).collect(Collectors.toSet());
        }

        /** What the first one found who looked after the declaration is what all find from then on. */
        private void judged(Evidence.Verdict verdict) {
            if (unjudged) {
                unjudged = false;
                List<int[]> contents = switch (verdict) {
                    case Evidence.Verdict.Copy(var holders) ->
                        holders.stream().map(s -> disks.get(s).content()).toList();
                    case Evidence.Verdict.Absence _ -> List.of();
                };
                for (int sector = 0; sector < sectors.size(); sector++) {
                    sectors.get(sector).becomes(values(contents, sector));
                }
            }
        }

        private boolean isAllowedOnly(int value) {
            return sectors.stream().allMatch(sector -> sector.allowed().equals(Set.of(value)));
        }

        private void read(long store) {
            int[] content = disks.get(store).content();
            check(content, "read " + store);
            history.add("read " + Arrays.toString(content) + " of " + store);
            for (int sector = 0; sector < content.length; sector++) {
                sectors.get(sector).read(content[sector]);
            }
        }

        /** By all who are sure, or by some of them; acknowledged if those are all replicas. */
        private void mutate() {
            var mutation = pending.orElseGet(() -> new Pending(random.nextInt(4) == 0, random.nextInt(2), ++lastValue));
            boolean removes = mutation.removes();
            var trusted = new TreeSet<>(replicas());
            // What was found out but does not fit on the disk is removed without being brought first.
            trusted.removeIf(s -> !isTrusted(s) && !(removes && random.nextBoolean() && findsOut(s)));
            var reached = random.nextInt(4) == 0 ? some(trusted) : trusted;
            if (reached.isEmpty()) {
                return;
            }
            history.add(
                    (removes ? "removed" : mutation.value() + " written to " + mutation.sector()) + " on " + reached);
            for (long store : reached) {
                Disk disk = disks.get(store);
                if (removes) {
                    disk.remove(now, true);
                    verified.add(store);
                } else {
                    disk.write(mutation.sector(), mutation.value(), now);
                }
            }
            boolean acknowledged = reached.equals(replicas());
            for (int sector = 0; sector < sectors.size(); sector++) {
                if (removes || sector == mutation.sector()) {
                    sectors.get(sector).write(removes ? ABSENT : mutation.value(), acknowledged);
                }
            }
            pending = acknowledged ? Optional.empty() : Optional.of(mutation);
            if (acknowledged) {
                // The owner's word that it is done comes when it comes.
                reached.stream().filter(_ -> random.nextInt(3) > 0).forEach(s -> disks.get(s).marked = false);
            }
        }

        /** One content for all replicas, if a member has a mark; it may break off anywhere. */
        private void settle() {
            var replicas = new ArrayList<>(replicas());
            if (members.stream().anyMatch(s -> disks.get(s).marked)) {
                if (replicas.stream().anyMatch(s -> !isTrusted(s))) {
                    return;
                }
                Collections.shuffle(replicas, random);
                Disk source = disks.get(replicas.getFirst());
                check(source.content(), "settled by " + replicas.getFirst());
                boolean breaksOff = random.nextInt(4) == 0;
                history.add((breaksOff ? "half settled by " : "settled by ") + replicas.getFirst());
                for (long store : replicas) {
                    if (breaksOff && random.nextBoolean()) {
                        return;
                    } else if (source.kind != Kind.COPY) { // The source remembers it, too.
                        disks.get(store).remove(now, true);
                    } else if (disks.get(store) != source) {
                        disks.get(store).replace(source.content(), now);
                    }
                }
                for (long store : replicas) {
                    if (breaksOff && random.nextBoolean()) {
                        return;
                    }
                    disks.get(store).settled(now);
                }
                if (breaksOff) {
                    return;
                }
                read(replicas.getFirst());
            }
            unsettled = false;
            settledIn = now;
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
            Disk disk = disks.get(store);
            switch (verdict.get()) {
                case Evidence.Verdict.Copy(var holders) -> {
                    holders.forEach(s -> check(disks.get(s).content(), "copy of " + s));
                    var same = holders.stream()
                            .filter(holder -> evidence.isSame(store, holder))
                            .findFirst();
                    if (holders.contains(store)) {
                        disk.epoch = now;
                    } else if (same.isPresent()) {
                        assertThat(disk.content())
                                .as("copy of %s as that of %s by %s in %s", store, same.get(), disks, history)
                                .isEqualTo(disks.get(same.get()).content());
                        disk.epoch = now;
                    } else {
                        var any = new ArrayList<>(holders);
                        disk.copy(disks.get(any.get(random.nextInt(any.size()))), now);
                    }
                }
                case Evidence.Verdict.Absence(boolean marked) -> {
                    check(new int[] {ABSENT, ABSENT}, "absence");
                    disk.remove(now, marked);
                }
            }
            disk.mutated = Math.max(disk.mutated, evidence.mutatedAtLeast().number());
            verified.add(store);
            return true;
        }
    }
}
