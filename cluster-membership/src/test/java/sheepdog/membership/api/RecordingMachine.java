package sheepdog.membership.api;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import sheepdog.membership.api.ClusterLog.Position;
import sheepdog.membership.api.ClusterLog.StateMachine;

/** A state machine of a test: keeps commands and epochs in the order they came. Loop-owned. */
public final class RecordingMachine implements StateMachine {
    private final List<String> commands = new ArrayList<>();
    private final List<EpochRecord> epochs = new ArrayList<>();
    private final List<Member> started = new ArrayList<>();
    private long lastIndex;

    public List<String> commands() {
        return List.copyOf(commands);
    }

    /** Since this process started, replayed ones included. */
    public List<EpochRecord> epochs() {
        return List.copyOf(epochs);
    }

    public List<Member> started() {
        return List.copyOf(started);
    }

    @Override
    public void epoch(Position position, EpochRecord epoch) {
        passed(position);
        epochs.add(epoch);
    }

    @Override
    public void memberStarted(Position position, Member member) {
        passed(position);
        started.add(member);
    }

    @Override
    public byte[] apply(Position position, byte[] command) {
        passed(position);
        String text = new String(command, StandardCharsets.UTF_8);
        commands.add(text);
        return (commands.size() + " " + text).getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public boolean restartsEpochs(byte[] command) {
        return new String(command, StandardCharsets.UTF_8).startsWith("format");
    }

    @Override
    public byte[] snapshot() {
        return String.join("\n", commands).getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public void restore(Position position, byte[] state) {
        passed(position);
        commands.clear();
        commands.addAll(List.of(new String(state, StandardCharsets.UTF_8).split("\n")));
    }

    @Override
    public void statusChanged() {}

    private void passed(Position position) {
        if (position.index() < lastIndex) {
            throw new AssertionError("at " + position + " after " + lastIndex);
        }
        lastIndex = position.index();
    }
}
