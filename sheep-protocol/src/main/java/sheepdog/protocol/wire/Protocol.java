package sheepdog.protocol.wire;

/** Versions and limits that both ends of a connection rely on. */
public final class Protocol {
    /** Newest version of the public operations (opcodes below 0x80); 0 and 1 are spoken too. */
    public static final int PUBLIC_VERSION = 2;

    /** The one version of the internal operations (opcodes from 0x80). */
    public static final int INTERNAL_VERSION = 7;

    /** What {@link PeerRequest} and its answers look like; exchanged in the hello, and must be equal. */
    public static final int SHEEP_VERSION = 2;

    /** First opcode of the family that only our sheep speak among themselves. */
    public static final int FIRST_SHEEP_OPCODE = 0xe0;

    /** Nodes of a cluster at most, as {@code collie} makes room for them. */
    public static final int NODES_MAX = 1024;

    /** Copies of an object at most. */
    public static final int COPIES_MAX = 8;

    /** The answer to READ_VDIS: a bit per vid. */
    public static final int VDI_BITMAP_BYTES = 1 << 21;

    /** Largest proof that a hello may carry. */
    public static final int AUTHENTICATION_BYTES_MAX = 1024;

    /** Most objects that one LIST_OBJECTS or IN_FLIGHT_OBJECTS answers. */
    public static final int LIST_COUNT_MAX = 1 << 17;

    private Protocol() {}

    /** Whether an operation may come with that version: any up to 2 below opcode 0x80, exactly 7 from there on. */
    public static boolean accepts(int version, int opcode) {
        return opcode < 0x80 ? version <= PUBLIC_VERSION : version == INTERNAL_VERSION;
    }

    /** The version a client of ours puts on an operation. */
    public static int versionFor(int opcode) {
        return opcode < 0x80 ? PUBLIC_VERSION : INTERNAL_VERSION;
    }
}
