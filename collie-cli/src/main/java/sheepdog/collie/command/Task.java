package sheepdog.collie.command;

import java.util.Arrays;
import java.util.EnumSet;
import java.util.Set;

/**
 * What a command carries out: the user object of its description.
 *
 * @param needs what dispatch sees to before the handler runs
 */
public record Task(Set<Need> needs, Handler handler) {
    /** What a handler relies on. */
    public enum Need {
        /** The node list is fetched first; without a cluster to give it the command ends. */
        NODES,
        /** At least one operand, after the word of a second level. */
        OPERAND
    }

    public Task {
        needs = Set.copyOf(needs);
    }

    static Task of(Handler handler, Need... needs) {
        var all = EnumSet.noneOf(Need.class);
        all.addAll(Arrays.asList(needs));
        return new Task(all, handler);
    }
}
