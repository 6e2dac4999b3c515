package sheepdog.sheep.cluster;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import sheepdog.membership.api.EpochRecord;
import sheepdog.membership.api.Member;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.wire.Protocol;

/**
 * Which store had, in which epoch, the newest of every object it is a replica of, so that what it lacks does not exist
 * (R4); each time for objects of so many copies or more, for those with few may have nobody left who knows them. The
 * members of the first epoch have all by being there: nothing was there before them.
 *
 * <p>Deterministic part of {@link ClusterState}.
 */
final class RecoveredStores {
    /** Epochs remembered per store; the lack of older ones only costs an occasional needless doubt. */
    private static final int KEPT = 8;

    private final TreeMap<Long, TreeMap<Epoch, Integer>> byStore = new TreeMap<>();

    /** By copies: the newest epoch in which all members had all objects of so many. */
    private final Epoch[] whole = new Epoch[Protocol.COPIES_MAX + 1];

    RecoveredStores() {
        clear();
    }

    void clear() {
        byStore.clear();
        Arrays.fill(whole, Epoch.FIRST);
    }

    /** @param current the epoch in which the store, a member, has all objects of {@code copies} or more */
    void add(long storeId, EpochRecord current, int copies) {
        var epochs = byStore.computeIfAbsent(storeId, _ -> new TreeMap<>());
        epochs.merge(current.epoch(), copies, Math::min);
        if (epochs.size() > KEPT) {
            epochs.pollFirstEntry();
        }
        for (int n = copies; n < whole.length; n++) {
            int least = n;
            if (stores(current).stream().allMatch(s -> hadAll(s, current.epoch(), least))) {
                whole[n] = current.epoch();
            }
        }
    }

    Epoch whole(int copies) {
        return whole[Math.min(copies, Protocol.COPIES_MAX)];
    }

    /**
     * Whether the lists of all members of the last of {@code epochs} name every object of {@code copies} or more.
     *
     * <p>They do if there is an epoch such that in it, and in each later one, every set of replicas has somebody who is
     * a member now, and who, in that first one, had everything: the stores that are absent now have fewer zones than an
     * object has copies. Who was absent in between has what it had.
     *
     * @param gone stores that never come back: what only they had is on no list, but it is nowhere
     */
    boolean listsAreWhole(List<EpochRecord> epochs, int copies, Set<Long> gone) {
        // Also those that store nothing any more: their lists are read, too.
        Set<Long> present =
                epochs.getLast().members().stream().map(Member::storeId).collect(Collectors.toSet());
        for (int i = epochs.size() - 1; i >= 0; i--) {
            EpochRecord record = epochs.get(i);
            boolean allLeft = stores(record).stream().allMatch(s -> present.contains(s) || gone.contains(s));
            if (!allLeft && !reachesAll(record, present, copies)) {
                return false;
            }
            if (!whole(copies).isBefore(record.epoch())) {
                return true; // What was before matters no more, and all that are left of it have been looked at.
            }
            var sure = present.stream()
                    .filter(s -> hadAll(s, record.epoch(), copies))
                    .collect(Collectors.toSet());
            if (reachesAll(record, sure, copies)) {
                return true;
            }
        }
        return false;
    }

    boolean hadAll(long storeId, Epoch epoch, int copies) {
        return epoch.equals(Epoch.FIRST)
                || byStore.getOrDefault(storeId, new TreeMap<>()).getOrDefault(epoch, Integer.MAX_VALUE) <= copies;
    }

    private static List<Long> stores(EpochRecord record) {
        return record.storing().map(Member::storeId).toList();
    }

    /** Whether one of {@code some} is among the replicas of any object in that epoch. */
    private static boolean reachesAll(EpochRecord record, Set<Long> some, int copies) {
        Set<Integer> all = new HashSet<>();
        Set<Integer> others = new HashSet<>();
        for (Member member : record.members()) {
            if (member.node().storesObjects()) {
                all.add(member.node().zone());
                if (!some.contains(member.storeId())) {
                    others.add(member.node().zone());
                }
            }
        }
        return others.size() < Math.min(copies, all.size());
    }

    void write(DataOutputStream out) throws IOException {
        out.writeInt(byStore.size());
        for (var entry : byStore.entrySet()) {
            out.writeLong(entry.getKey());
            out.writeInt(entry.getValue().size());
            for (var mark : entry.getValue().entrySet()) {
                out.writeInt(mark.getKey().number());
                out.writeInt(mark.getValue());
            }
        }
        for (Epoch epoch : whole) {
            out.writeInt(epoch.number());
        }
    }

    void read(DataInputStream in) throws IOException {
        byStore.clear();
        for (int left = in.readInt(); left > 0; left--) {
            var epochs = new TreeMap<Epoch, Integer>();
            byStore.put(in.readLong(), epochs);
            for (int count = in.readInt(); count > 0; count--) {
                epochs.put(new Epoch(in.readInt()), in.readInt());
            }
        }
        for (int copies = 0; copies < whole.length; copies++) {
            whole[copies] = new Epoch(in.readInt());
        }
    }
}
