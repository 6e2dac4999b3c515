package sheepdog.collie.cluster;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import sheepdog.collie.cli.CommandException;
import sheepdog.collie.cli.ExitCode;
import sheepdog.collie.client.Cluster;
import sheepdog.collie.client.Reply;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.model.Vid;
import sheepdog.protocol.wire.LostObject;
import sheepdog.protocol.wire.LostObject.Answer;
import sheepdog.protocol.wire.Opcode;
import sheepdog.protocol.wire.Request;
import sheepdog.protocol.wire.Response;

/**
 * What VDIs refer to and cannot be had: objects that have no copy, and objects whose newest copies are on absent nodes. Only
 * VDIs that miss something are kept.
 */
final class Losses {
    private static final int JSON_VERSION = 1;
    private static final int ANSWER_BYTES = 1 << 20;

    /** Members may come while it is looked. */
    private static final int TRIES = 10;

    private final List<Vdi> vdis;

    /**
     * A VDI or snapshot that misses something.
     *
     * @param snapId  0 of a working VDI
     * @param objects it refers to, its inode included; just that one if its index cannot be read
     * @param bad     those of them that cannot be had
     */
    private record Vdi(String name, String tag, int snapId, Vid vid, int objects, List<Bad> bad) {
        private List<ObjectId> those(Answer how) {
            return bad.stream().filter(b -> b.how() == how).map(Bad::oid).toList();
        }
    }

    private record Bad(ObjectId oid, Answer how) {}

    private Losses(List<Vdi> vdis) {
        this.vdis = vdis;
    }

    /**
     * Looks at every object of every VDI, without a change of anything.
     *
     * @throws CommandException if the sheep cannot tell
     */
    static Losses find(Cluster cluster) {
        return new Losses(new Search(cluster).run());
    }

    /** Whether all is there. */
    boolean isNothing() {
        return vdis.isEmpty();
    }

    private long count(Answer how) {
        return vdis.stream().flatMap(vdi -> vdi.those(how).stream()).distinct().count();
    }

    /** For people; of each VDI so many objects are named. */
    List<String> lines(int namedMax) {
        if (isNothing()) {
            return List.of("Every object of every VDI has its newest copy");
        }
        var lines = new ArrayList<String>();
        for (Vdi vdi : vdis) {
            lines.add(title(vdi) + ": of " + vdi.objects + " objects " + numbers(vdi));
            vdi.bad.stream()
                    .limit(namedMax)
                    .map(b -> "       " + b.oid() + (b.oid().isInode() ? " (inode) " : " ") + text(b.how()))
                    .forEach(lines::add);
            if (vdi.bad.size() > namedMax) {
                lines.add("       and " + (vdi.bad.size() - namedMax) + " more");
            }
        }
        lines.add("Objects without a copy: " + count(Answer.ABSENT) + ", waiting for absent nodes: "
                + count(Answer.LOST));
        return lines;
    }

    private static String title(Vdi vdi) {
        if (vdi.snapId == 0) {
            return vdi.name;
        }
        return vdi.name + " (snapshot " + vdi.snapId + (vdi.tag.isEmpty() ? "" : ", " + vdi.tag) + ")";
    }

    private static String numbers(Vdi vdi) {
        int unknown = vdi.bad.size()
                - vdi.those(Answer.ABSENT).size()
                - vdi.those(Answer.LOST).size();
        return vdi.those(Answer.ABSENT).size() + " have no copy, "
                + vdi.those(Answer.LOST).size() + " wait" + (unknown > 0 ? ", " + unknown + " are not known of" : "");
    }

    private static String text(Answer how) {
        return switch (how) {
            case ABSENT -> "has no copy";
            case LOST -> "waits for absent nodes";
            case UNKNOWN, EPOCH_CHANGED, NOT_WAITING -> "may be on a node that does not answer";
        };
    }

    /** {@code docs/collie-json.md} describes it. */
    String json() {
        return "{\"version\": " + JSON_VERSION + ", \"withoutCopy\": " + count(Answer.ABSENT) + ", \"waiting\": "
                + count(Answer.LOST) + ", \"vdis\": ["
                + vdis.stream().map(Losses::json).collect(Collectors.joining(",", "", vdis.isEmpty() ? "" : "\n"))
                + "]}";
    }

    private static String json(Vdi vdi) {
        var unknown = vdi.bad.stream()
                .filter(b -> b.how() != Answer.ABSENT && b.how() != Answer.LOST)
                .map(Bad::oid)
                .toList();
        return "\n  {\"name\": " + quoted(vdi.name) + ", \"tag\": " + quoted(vdi.tag) + ", \"snapshot\": " + vdi.snapId
                + ", \"vid\": \"" + vdi.vid + "\", \"objects\": " + vdi.objects + ",\n   \"withoutCopy\": "
                + array(vdi.those(Answer.ABSENT)) + ", \"waiting\": " + array(vdi.those(Answer.LOST))
                + ", \"unknown\": " + array(unknown) + "}";
    }

    private static String array(List<ObjectId> oids) {
        return oids.stream().map(oid -> "\"" + oid + "\"").collect(Collectors.joining(", ", "[", "]"));
    }

    private static String quoted(String text) {
        var quoted = new StringBuilder("\"");
        for (char c : text.toCharArray()) {
            if (c == '"' || c == '\\') {
                quoted.append('\\').append(c);
            } else if (c < ' ' || '~' < c) {
                quoted.append("\\u" + HexFormat.of().toHexDigits(c));
            } else {
                quoted.append(c);
            }
        }
        return quoted.append('"').toString();
    }

    private static final class Search {
        private final Cluster cluster;

        /** Objects may belong to many snapshots; of those that are there it is enough to know so. */
        private final Map<ObjectId, Answer> known = new HashMap<>();

        Search(Cluster cluster) {
            this.cluster = cluster;
        }

        List<Vdi> run() {
            var losses = new ArrayList<Vdi>();
            Vid after = Vid.NONE;
            while (true) {
                List<String> lines = ask(after);
                if (lines.isEmpty()) {
                    return losses;
                }
                for (String line : lines) {
                    String[] words = line.split(" ");
                    after = new Vid(Integer.parseInt(words[0], 16));
                    String tag = words[3].equals("-") ? "" : text(words[3]);
                    vdi(text(words[2]), tag, Integer.parseInt(words[1], 16), after)
                            .ifPresent(losses::add);
                }
            }
        }

        private List<String> ask(Vid after) {
            Reply reply = cluster.ask(new Request.ListVdis(cluster.header(Opcode.LIST_VDIS, 0), after, ANSWER_BYTES));
            if (!reply.isSuccess()) {
                throw new CommandException(ExitCode.FAILURE, "failed to execute request, " + reply.resultText());
            }
            return StandardCharsets.US_ASCII
                    .decode(reply.response().data().bytes())
                    .toString()
                    .lines()
                    .toList();
        }

        private static String text(String hex) {
            return new String(HexFormat.of().parseHex(hex), StandardCharsets.ISO_8859_1);
        }

        private Optional<Vdi> vdi(String name, String tag, int snapId, Vid vid) {
            var oids = new ArrayList<>(List.of(ObjectId.ofInode(vid)));
            look(oids);
            if (known.get(oids.getFirst()) == Answer.NOT_WAITING) {
                oids.addAll(VdiObjects.of(cluster, vid).orElse(List.of()));
                look(oids);
            }
            var bad = oids.stream()
                    .map(oid -> new Bad(oid, known.get(oid)))
                    .filter(b -> b.how() != Answer.NOT_WAITING)
                    .toList();
            return bad.isEmpty() ? Optional.empty() : Optional.of(new Vdi(name, tag, snapId, vid, oids.size(), bad));
        }

        private void look(List<ObjectId> oids) {
            var left = oids.stream().filter(oid -> !known.containsKey(oid)).toList();
            for (int from = 0; from < left.size(); from += Request.LostObjects.COUNT_MAX) {
                ask(left.subList(from, Math.min(left.size(), from + Request.LostObjects.COUNT_MAX)));
            }
        }

        private void ask(List<ObjectId> oids) {
            List<ObjectId> left = oids;
            for (int tries = 0; tries < TRIES && !left.isEmpty(); tries++) {
                var request = new Request.LostObjects(cluster.header(Opcode.LOST_OBJECTS, 0), true, left);
                Reply reply = cluster.ask(request);
                List<LostObject> answers = reply.response() instanceof Response.Data data
                                && data.data().length() == left.size() * LostObject.BYTES
                        ? LostObject.readAll(data.data().bytes())
                        : left.stream()
                                .map(_ -> new LostObject(Answer.UNKNOWN, Epoch.NONE, LostObject.NOBODY))
                                .toList();
                for (int i = 0; i < left.size(); i++) {
                    known.put(left.get(i), answers.get(i).answer());
                }
                left = left.stream()
                        .filter(oid -> known.get(oid) == Answer.EPOCH_CHANGED)
                        .toList();
            }
        }
    }
}
