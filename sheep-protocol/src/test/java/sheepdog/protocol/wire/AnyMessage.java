package sheepdog.protocol.wire;

import java.lang.reflect.RecordComponent;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.NodeId;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.model.Payload;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.model.VdiName;
import sheepdog.protocol.model.Vid;

/** Makes well-formed messages of any kind from a seed: a record that is added later is covered without a line here. */
final class AnyMessage {
    private static final int DATA_BYTES_MAX = 3000;

    private final SplittableRandom random;
    private ObjectId oid;
    private int length;
    private long sequence;

    AnyMessage(long seed) {
        random = new SplittableRandom(seed);
    }

    /** All record types of a sealed family. */
    static <T> List<Class<? extends T>> kinds(Class<T> family) {
        return Arrays.stream(family.getPermittedSubclasses())
                .<Class<? extends T>>flatMap(kind -> kind.isInterface()
                        ? kinds(kind).stream().map(nested -> nested.asSubclass(family))
                        : Stream.of(kind.asSubclass(family)))
                .toList();
    }

    /** @param opcode goes into the header of a request */
    <T> T of(Class<T> kind, int opcode) {
        oid = anyOid();
        length = random.nextInt(DATA_BYTES_MAX);
        sequence = random.nextLong(1, Long.MAX_VALUE);
        RecordComponent[] components = kind.getRecordComponents();
        Object[] values = new Object[components.length];
        Class<?>[] types = new Class<?>[components.length];
        for (int i = 0; i < components.length; i++) {
            types[i] = components[i].getType();
            values[i] = value(kind, components[i], opcode);
        }
        try {
            var constructor = kind.getDeclaredConstructor(types);
            constructor.setAccessible(true);
            return constructor.newInstance(values);
        } catch (ReflectiveOperationException broken) {
            throw new AssertionError(kind + " from " + Arrays.toString(values), broken);
        }
    }

    /** What a message says, comparable; of a header, what the message itself does not decide. */
    static List<Object> content(Object message) {
        List<Object> content = new ArrayList<>();
        content.add(message.getClass());
        for (RecordComponent component : message.getClass().getRecordComponents()) {
            Object value;
            try {
                component.getAccessor().setAccessible(true);
                value = component.getAccessor().invoke(message);
            } catch (ReflectiveOperationException broken) {
                throw new AssertionError(broken);
            }
            content.add(
                    switch (value) {
                        case Header h ->
                            List.of(h.version(), h.flags() & ~(Flags.WRITE | Flags.COW), h.epoch(), h.id());
                        case Payload p -> hex(p.bytes());
                        case byte[] b -> HexFormat.of().formatHex(b);
                        default -> value;
                    });
        }
        return content;
    }

    static String hex(ByteBuffer buffer) {
        byte[] bytes = new byte[buffer.remaining()];
        buffer.get(buffer.position(), bytes);
        return HexFormat.of().formatHex(bytes);
    }

    private Object value(Class<?> kind, RecordComponent component, int opcode) {
        String name = component.getName();
        Class<?> type = component.getType();
        if (type == Header.class) {
            return new Header(
                    random.nextInt(256),
                    opcode,
                    random.nextInt(1 << 16),
                    new Epoch(random.nextInt()),
                    random.nextInt(),
                    0);
        } else if (type == ObjectId.class) {
            return oid;
        } else if (type == Vid.class) {
            return new Vid(random.nextInt(Vid.COUNT));
        } else if (type == Epoch.class) {
            return new Epoch(random.nextInt());
        } else if (type == VdiName.class) {
            return new VdiName(text(VdiName.BYTES));
        } else if (type == Payload.class) {
            if (kind == Request.GetVdiAttr.class) {
                return Payload.of(bytes(ObjectId.ATTR_BYTES));
            }
            if (kind == PeerRequest.FetchObject.class) {
                return Payload.of(bytes(random.nextBoolean() ? 0 : ObjectChanges.digestsLength(oid.size())));
            }
            // A result with no bytes is another kind of response.
            return Payload.of(bytes(kind == Response.Data.class ? Math.max(1, length) : length));
        } else if (type == byte[].class) {
            return bytes(random.nextInt(Protocol.AUTHENTICATION_BYTES_MAX + 1));
        } else if (type == NodeId.class) {
            return new NodeId(bytes(16), random.nextInt(1 << 16));
        } else if (type == ResultCode.class) {
            return ResultCode.SUCCESS;
        } else if (type == Response.ObjectState.Kind.class) {
            var kinds = Response.ObjectState.Kind.values();
            return kinds[random.nextInt(kinds.length)];
        } else if (type == Request.DrainNode.How.class) {
            var all = Request.DrainNode.How.values();
            return all[random.nextInt(all.length)];
        } else if (type == boolean.class) {
            return random.nextBoolean();
        } else if (type == String.class) {
            return text(15);
        } else if (type == Optional.class) {
            return random.nextBoolean() ? Optional.empty() : Optional.of(oid);
        } else if (type == List.class) {
            return list(kind);
        } else if (type == long.class) {
            return switch (name) {
                case "sequence" -> sequence;
                case "completed" -> Math.max(0, sequence - 1 - random.nextLong((1L << 32) - 2));
                default -> random.nextLong();
            };
        }
        return switch (name) {
            case "offset" -> random.nextInt(oid.size() - length + 1);
            case "length" -> length;
            case "lengthMax" -> random.nextInt() & Integer.MAX_VALUE;
            case "copies", "copyPolicy", "storePolicy", "blockSizeShift" -> random.nextInt(256);
            case "countMax" -> random.nextInt(1, Protocol.LIST_COUNT_MAX + 1);
            default -> random.nextInt();
        };
    }

    private Object list(Class<?> kind) {
        int least = kind == Request.LostObjects.class ? 1 : 0;
        return random.ints(random.nextInt(least, 20))
                .mapToObj(n -> kind == Response.ObjectIds.class || kind == Request.LostObjects.class
                        ? anyOid()
                        : new Response.ObjectVersions.Version(anyOid(), new Epoch(n)))
                .toList();
    }

    private ObjectId anyOid() {
        Vid vid = new Vid(random.nextInt(Vid.COUNT));
        return switch (random.nextInt(4)) {
            case 0 -> ObjectId.ofInode(vid);
            case 1 -> ObjectId.ofVmState(vid, random.nextInt());
            case 2 -> ObjectId.ofAttr(vid, random.nextInt());
            default -> ObjectId.ofData(vid, random.nextInt(ObjectId.INDEX_LIMIT));
        };
    }

    private byte[] bytes(int count) {
        byte[] bytes = new byte[count];
        random.nextBytes(bytes);
        return bytes;
    }

    /** Chars from 1 to 255. */
    private String text(int lengthMax) {
        byte[] bytes = bytes(random.nextInt(lengthMax + 1));
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = bytes[i] == 0 ? (byte) 0x80 : bytes[i];
        }
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }
}
