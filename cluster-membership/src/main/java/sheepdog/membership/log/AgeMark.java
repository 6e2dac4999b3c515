package sheepdog.membership.log;

import java.io.IOException;

/** Where a store's directory says how old it is. A seam: a file, and the simulator's. Blocking. */
@FunctionalInterface
public interface AgeMark {
    /** From when this returns the directory says {@code age}, also after a power loss. Never less than before. */
    void raise(long age) throws IOException;
}
