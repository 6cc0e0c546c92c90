//! The one table of commands: name, doc, default keys, where each applies. Keys, help and documents come from it.
//!
//! To add a command: one row here and one arm in the screen that performs it.

/// Where keys apply. A screen names the scopes of its focus, nearest first; `Always` comes last by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    Always,
    /// Anything with a selected line.
    List,
    Topics,
    /// A table: columns, marks, sorting.
    Table,
    /// The list of groups.
    Groups,
    /// The panes about one group.
    Group,
    /// The panes about one topic.
    Topic,
    /// The groups that read a topic.
    Readers,
    /// The table of a query.
    Results,
    /// The list of contexts.
    Contexts,
    /// A context to be written.
    NewContext,
    /// The cluster at a glance.
    Overview,
    /// Where a group is selected: what can be done to it.
    Change,
    /// Choosing what is to be done to a group's commits.
    Aim,
    /// The preview of a change, and its outcome.
    Plan,
    /// A form: keys that are no letters, while one types.
    Form,
    /// What became of records that were sent.
    Sent,
    /// Two records of one key.
    SameKey,
    /// The fields of a topic's records.
    Shape,
    /// Where a query turns true.
    Bisect,
    /// One id through several topics.
    Follow,
    /// The message screen, whichever pane has the focus.
    Messages,
    /// Its list.
    Records,
    /// Its value pane.
    Value,
}

impl Scope {
    pub fn title(self) -> &'static str {
        match self {
            Self::Always => "EVERYWHERE",
            Self::List => "MOVE",
            Self::Topics => "TOPICS",
            Self::Table => "TABLE",
            Self::Groups => "GROUPS",
            Self::Group => "GROUP",
            Self::Topic => "TOPIC",
            Self::Readers => "READERS",
            Self::Results => "RESULTS",
            Self::Contexts => "CONTEXTS",
            Self::NewContext => "NEW CONTEXT",
            Self::Overview => "OVERVIEW",
            Self::Change => "CHANGE A GROUP",
            Self::Aim => "SCOPE AND TARGET",
            Self::Plan => "CHANGE OF A GROUP",
            Self::Form => "PRODUCE",
            Self::Sent => "SENT",
            Self::SameKey => "SAME KEY",
            Self::Shape => "SHAPE",
            Self::Bisect => "BISECT",
            Self::Follow => "FOLLOW",
            Self::Messages => "STREAM",
            Self::Records => "RECORDS",
            Self::Value => "VALUE",
        }
    }
}

/// One row of the table.
#[derive(Debug)]
pub struct Command {
    pub action: Action,
    /// Its name in configuration and documents.
    pub name: &'static str,
    /// What it does, in a few words.
    pub doc: &'static str,
    /// A word for the key line at the bottom, or "" when it does not stand there.
    pub short: &'static str,
    /// Default keys, as `keys` are written: "ctrl-d", "g g".
    pub keys: &'static [&'static str],
    pub scope: Scope,
}

macro_rules! actions {
    ($($scope:ident { $($variant:ident $name:literal $short:literal [$($key:literal),*] $doc:literal;)* })*) => {
        /// What a user can want.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Action { $($(#[doc = $doc] $variant,)*)* }

        /// Every command, in the order of help.
        pub const COMMANDS: &[Command] = &[$($(Command {
            action: Action::$variant, name: $name, doc: $doc, short: $short, keys: &[$($key),*], scope: Scope::$scope,
        },)*)*];
    };
}

actions! {
    List {
        Down "down" "" ["j", "down"] "line down";
        Up "up" "" ["k", "up"] "line up";
        HalfDown "half-down" "" ["ctrl-d"] "half a page down";
        HalfUp "half-up" "" ["ctrl-u"] "half a page up";
        PageDown "page-down" "" ["ctrl-f", "pagedown"] "page down";
        PageUp "page-up" "" ["ctrl-b", "pageup"] "page up";
        First "first" "" ["g", "g g", "home"] "first line";
        Last "last" "" ["G", "end"] "last line; in a stream the newest, and follow";
        PutMiddle "put-middle" "" ["z z"] "selected line to the middle";
        PutTop "put-top" "" ["z t"] "selected line to the top";
        PutBottom "put-bottom" "" ["z b"] "selected line to the bottom";
    }
    Topics {
        OpenTopic "topic.messages" "messages" ["enter", "l"] "messages of the topic";
        TopicsTogether "topics.together" "" ["M"] "messages of all marked topics in one list, by time";
        DescribeTopic "topic.describe" "describe" ["d"] "partitions and settings of the topic";
        TopicReaders "topics.used-by" "" ["u"] "the groups that read the topic";
        Internal "topics.internal" "internal" ["i"] "show or hide internal topics";
        FilterTopics "topics.filter" "filter" ["/"] "filter by regex; ! inverts, -f is fuzzy";
        SaveTopics "topics.save" "" ["ctrl-s"] "save marked or shown topics as NDJSON";
        CopyTopic "topic.copy" "copy" ["c", "y y"] "copy the name";
        TopicShape "topics.shape" "" ["."] "the fields of its records: types, how often, since when";
        TopicBisect "topics.bisect" "" ["B"] "the first record for which a query is true";
        ProduceTo "topics.produce" "produce" ["p"] "write a record to the topic";
    }
    Groups {
        OpenGroup "groups.open" "open" ["enter", "d"] "partitions and members of the group";
        FilterGroups "groups.filter" "filter" ["/"] "filter by regex; ! inverts, -f is fuzzy";
        CopyGroup "groups.copy" "copy" ["c", "y y"] "copy the name";
        YankGroup "groups.yank" "" ["y r"] "copy the row as JSON";
        YankGroupCommand "groups.yank-command" "" ["y c"] "copy the command of Kafka's tools that describes the group";
        SaveGroups "groups.save" "" ["ctrl-s"] "save marked or shown groups as NDJSON";
    }
    Group {
        CommittedMessages "group.messages" "messages" ["enter"] "messages at the committed offset";
        PlaceMessages "group.newest" "" ["l"] "newest messages of the partition";
        GroupTopic "group.topic" "topic" ["d"] "partitions and settings of the topic";
        GroupPane1 "group.pane-1" "" ["1"] "to the partitions";
        GroupPane2 "group.pane-2" "" ["2"] "to the members";
        GroupPane3 "group.pane-3" "" ["3"] "to why it does what it does";
        CopyPlace "group.copy" "copy" ["c", "y y"] "copy topic/partition, the member's id, or the name";
        YankOneGroup "group.yank" "" ["y r"] "copy the group as JSON";
        YankDescribe "group.yank-command" "" ["y c"] "copy the command of Kafka's tools that describes it";
    }
    Table {
        MarkRow "table.mark" "mark" ["space"] "mark the row";
        MarkRowRange "table.mark-range" "" ["V"] "mark from the last mark to here";
        ClearRowMarks "table.clear-marks" "" ["ctrl-\\"] "take all marks away";
        MarkRows "table.mark-all" "" ["ctrl-a"] "mark all shown";
        Sort "table.sort" "sort" ["O"] "sort by the chosen column; again: the other way";
        ColumnLeft "table.column-left" "" ["shift-left"] "choose the column to the left";
        ColumnRight "table.column-right" "" ["shift-right"] "choose the column to the right";
        Wide "table.wide" "" ["ctrl-w"] "more columns";
        Problems "table.problems" "problems" ["!"] "problems only";
        PauseList "table.pause" "" ["P"] "pause and go on refreshing";
    }
    Results {
        OpenRow "results.open" "records" ["enter"] "the records that the row counts";
    }
    Topic {
        TopicMessages "topic.open" "messages" ["l"] "messages of the topic";
        PartitionMessages "topic.partition" "partition" ["enter"] "messages of the partition";
        AllSettings "topic.all-settings" "all settings" ["A"] "all settings, or those set here";
        Pane1 "topic.pane-1" "" ["1"] "to the partitions";
        Pane2 "topic.pane-2" "" ["2"] "to the settings";
        Pane3 "topic.pane-3" "" ["3"] "to the groups that read it";
        UsedBy "topic.used-by" "used by" ["u"] "the groups that read it";
        FilterRows "topic.filter" "filter" ["/"] "filter the pane";
        CopyRow "topic.copy-row" "copy" ["c", "y y"] "copy the setting, or topic/partition";
        ShapeHere "topic.shape" "" ["."] "the fields of its records: types, how often, since when";
        BisectHere "topic.bisect" "" ["B"] "the first record for which a query is true";
        ProduceHere "topic.produce" "produce" ["p"] "write a record to the topic";
    }
    Overview {
        GoThere "overview.go" "go there" ["enter"] "to the group, topic or change of this line";
        ListTopics "overview.topics" "topics" ["t"] "the list of topics";
        ListGroups "overview.groups" "groups" ["l"] "the list of groups";
    }
    Change {
        ResetGroup "group.reset" "reset" ["r"] "where the group is to go on: choose, preview, confirm";
        SkipRecord "group.skip" "skip record" ["S"] "skip the record that the partition stands at: preview, confirm";
        UndoGroup "group.undo" "" ["U"] "put back what the last change of the group replaced: preview, confirm";
        DeleteGroup "group.delete" "" ["D"] "delete the group with all its commits: preview, confirm";
    }
    Aim {
        ChooseTarget "reset.choose" "choose" ["enter"] "choose the scope or the target";
    }
    Form {
        SendRecords "produce.send" "send" ["ctrl-s"] "send what the last lines say";
        FormNext "produce.next" "field" ["tab"] "next field";
        FormPrevious "produce.previous" "" ["shift-tab"] "previous field";
        FormNull "produce.null" "null" ["ctrl-x"] "null, or a text again";
        FormCheck "produce.check" "json" ["ctrl-t"] "check the value as JSON and set it in lines";
        NextPreview "produce.preview" "" ["ctrl-n"] "the next record that the places make";
        EarlierSends "produce.earlier" "earlier" ["ctrl-r"] "what was sent before";
        EditElsewhere "produce.editor" "$EDITOR" ["ctrl-g"] "write the value, the key or the headers in $EDITOR";
        LoadFile "produce.file" "file" ["ctrl-o"] "records of an NDJSON file, or a record typed here";
        CopyProduce "produce.command" "" ["ctrl-y"] "copy the command that sends the same";
    }
    Sent {
        OpenSent "sent.open" "open it" ["enter"] "the record where it lies";
        StopSending "sent.stop" "stop" ["x"] "take no further record";
    }
    Shape {
        ShapeRecord "shape.record" "record" ["enter"] "the first record that has it so";
        ShapeWhole "shape.whole" "all of it" ["A"] "read the whole topic, not a sample";
    }
    Bisect {
        OpenTurn "bisect.open" "messages" ["enter"] "messages around the first record that matches, or around the one that was looked at";
        BisectQuery "bisect.query" "query" ["/"] "another query";
    }
    Follow {
        OpenStep "follow.open" "messages" ["enter"] "messages around the record";
        FollowOther "follow.change" "id, topics, window" ["/"] "what is followed, where and around which moment";
    }
    SameKey {
        OpenFound "same-key.open" "messages" ["enter"] "messages around the record that was found";
        KeyBefore "same-key.before" "before" ["{"] "on to the record of the key before the one that was found";
        KeyAfter "same-key.after" "after" ["}"] "on to the record of the key after the one that was found";
    }
    Plan {
        CommitPlan "reset.commit" "commit" ["ctrl-s"] "carry the plan out, or arm it while the group has members";
        ShowRecords "reset.records" "records" ["enter"] "the records at both offsets";
        EditRow "reset.edit" "edit" ["e"] "the offset of this partition";
        Recompute "reset.recompute" "recompute" ["R"] "read everything again and make the plan anew";
        CopyCommands "reset.commands" "commands" ["y c"] "copy the commands of Apache's tools that do the same";
        UndoReset "reset.undo" "undo" ["U"] "put back what was replaced";
    }
    Readers {
        OpenReader "topic.open-group" "open" ["enter"] "partitions and members of the group";
    }
    Contexts {
        SwitchContext "context.switch" "switch" ["enter", "l"] "go to that cluster";
        TestContext "context.test" "test" ["t"] "test the way to it step by step";
        AddContext "context.add" "add" ["a"] "a new context, with a form";
        ImportContext "context.import" "import" ["i"] "write one of another tool into config.toml";
        EditContexts "context.edit" "edit" ["e"] "config.toml in your editor, at this context";
    }
    NewContext {
        WriteContext "new-context.write" "write" ["ctrl-s"] "write it into config.toml";
        ContextNext "new-context.next" "field" ["tab"] "next field";
        ContextPrevious "new-context.previous" "" ["shift-tab"] "previous field";
    }
    Value {
        Fold "value.fold" "fold" ["enter", "z a"] "fold or open";
        Close "value.close" "" ["h", "left"] "fold, or to the parent";
        OpenNode "value.open" "" ["l", "right"] "open, or to the first child";
        OpenAll "value.open-all" "" ["z R", "e"] "open all";
        CloseAll "value.close-all" "" ["z M"] "fold all";
        DeepClose "value.deep-close" "" ["H"] "fold this and all below";
        DeepOpen "value.deep-open" "" ["L"] "open this and all below";
        NextSibling "value.next-sibling" "" ["J"] "next sibling";
        PreviousSibling "value.previous-sibling" "" ["K"] "previous sibling";
        Level1 "value.level-1" "" ["z 1"] "fold to level 1";
        Level2 "value.level-2" "" ["z 2"] "fold to level 2";
        Level3 "value.level-3" "" ["z 3"] "fold to level 3";
        Level4 "value.level-4" "" ["z 4"] "fold to level 4";
        Level5 "value.level-5" "" ["z 5"] "fold to level 5";
        Level6 "value.level-6" "" ["z 6"] "fold to level 6";
        Level7 "value.level-7" "" ["z 7"] "fold to level 7";
        Level8 "value.level-8" "" ["z 8"] "fold to level 8";
        Level9 "value.level-9" "" ["z 9"] "fold to level 9";
        SearchValue "value.search" "search" ["/"] "search in the value";
        FilterByField "value.filter-by" "filter by field" ["*"] "filter the stream by this path and value";
    }
    Records {
        Filter "messages.filter" "filter" ["/"] "filter, in kscope's query language";
        AddTerm "messages.add-term" "" ["&"] "add a term to the filter";
        OpenRecord "messages.open" "" ["enter"] "to the value";
        Mark "messages.mark" "" ["space"] "mark the record";
        MarkRange "messages.mark-range" "" ["V"] "mark from the last mark to here";
        ClearMarks "messages.clear-marks" "" ["ctrl-\\"] "take all marks away";
        MarkAll "messages.mark-all" "" ["ctrl-a"] "mark all shown";
        Headers "messages.headers" "" ["x"] "headers column";
    }
    Messages {
        Follow "messages.follow" "follow" ["s"] "follow on or off";
        Pause "messages.pause" "pause" ["P"] "pause and go on fetching";
        Seek "messages.seek" "go to" ["o"] "go to an offset, a time, the newest n";
        Live "messages.live" "" ["0"] "from now on";
        FromStart "messages.from-start" "" ["1"] "from the start";
        Last1m "messages.last-1m" "" ["2"] "the last minute";
        Last5m "messages.last-5m" "" ["3"] "the last 5 minutes";
        Last15m "messages.last-15m" "" ["4"] "the last 15 minutes";
        Last30m "messages.last-30m" "" ["5"] "the last 30 minutes";
        Last1h "messages.last-1h" "" ["6"] "the last hour";
        Last6h "messages.last-6h" "" ["7"] "the last 6 hours";
        Last24h "messages.last-24h" "" ["8"] "the last 24 hours";
        Partitions "messages.partitions" "" ["p p"] "choose partitions";
        SaveQuery "messages.save-query" "" ["W"] "keep the query under a name, for this topic or for all";
        RecallQuery "messages.saved-query" "" ["Q"] "put a saved query in force";
        ProduceNew "messages.produce" "" ["p n"] "write a new record to this topic";
        ProduceLike "messages.produce-like" "" ["p l"] "write a record like this one: the form is filled with it";
        SendAgain "messages.send-again" "" ["p a"] "send marked records, or this one, again as they are";
        SendListAgain "messages.send-list-again" "" ["p A"] "send all that the list shows again, as the filter has it";
        Isolation "messages.isolation" "" ["I"] "what is in the log, or what a read_committed consumer sees";
        OnlyKey "messages.only-key" "only this key" ["#"] "only this key; again: all";
        PreviousOfKey "messages.key-before" "" ["{"] "the record of this key before, and what differs";
        NextOfKey "messages.key-after" "" ["}"] "the record of this key after, and what differs";
        FollowId "messages.follow-id" "" [">"] "follow an id of the record through the marked topics";
        MessageShape "messages.shape" "" ["."] "the fields of the topic's records: types, how often, since when";
        MessageBisect "messages.bisect" "" ["B"] "the first record for which a query is true";
        InsertMark "messages.insert-mark" "" ["m"] "insert a mark line";
        JumpMark "messages.jump-mark" "" ["'"] "to the next mark";
        ClearList "messages.clear" "" ["C"] "clear the list";
        CycleView "messages.view" "view" ["v"] "view: auto, json, text, hex, number";
        Wrap "messages.wrap" "" ["w"] "wrap long lines";
        CycleTime "messages.time" "" ["t"] "time: clock, full, age, epoch, hidden";
        Zone "messages.zone" "" ["T"] "time zone: the configured one, UTC, local";
        Layout "messages.layout" "" ["|"] "value on the right, below, off";
        NextRecord "messages.next-record" "" ["ctrl-n"] "next record, focus stays";
        PreviousRecord "messages.previous-record" "" ["ctrl-p"] "previous record, focus stays";
        NextHit "messages.next-hit" "" ["n"] "next hit of the search";
        PreviousHit "messages.previous-hit" "" ["N"] "previous hit";
        CopyValue "messages.copy" "" ["c", "y y"] "copy the value";
        YankLine "yank.line" "yank" ["y v"] "copy the value on one line";
        YankKey "yank.key" "" ["y k"] "copy the key";
        YankHeaders "yank.headers" "" ["y h"] "copy the headers as JSON";
        YankPath "yank.path" "" ["y p"] "copy the path of the cursor";
        YankJq "yank.jq" "" ["y q"] "copy it as a jq path";
        YankRecord "yank.record" "" ["y r"] "copy the whole record as JSON";
        YankPosition "yank.position" "" ["y o"] "copy topic/partition@offset";
        YankCommand "yank.command" "" ["y c"] "copy the command that prints this record";
        Export "messages.export" "export" ["ctrl-s"] "save marked or shown records as NDJSON";
    }
    Always {
        Palette "palette" "command" [":"] "type a command";
        LastView "last-view" "" ["-"] "the screen before this one";
        Backward "backward" "" ["["] "one screen back";
        Forward "forward" "" ["]"] "bring back the screen that was left";
        Crumbs "crumbs" "" ["`"] "to a neighbour of this topic";
        Help "help" "help" ["?", "f1"] "this help";
        Back "back" "back" ["esc", "q"] "close, clear the filter, or one level back; q quits at the top";
        NextPane "next-pane" "pane" ["tab"] "next pane";
        PreviousPane "previous-pane" "" ["shift-tab"] "previous pane";
        FullScreen "full-screen" "" ["f"] "pane full screen";
        Refresh "refresh" "" ["ctrl-r"] "refresh, or retry, now";
        Redraw "redraw" "" ["ctrl-l"] "draw the screen anew";
        Suspend "suspend" "" ["ctrl-z"] "suspend";
        Quit "quit" "" ["ctrl-c"] "quit";
    }
}

impl Action {
    /// Its row in the table.
    pub fn command(self) -> &'static Command {
        COMMANDS.iter().find(|row| row.action == self).unwrap_or(&NONE)
    }
}

/// Never met: the table is made together with the enum.
static NONE: Command = Command { action: Action::Quit, name: "", doc: "", short: "", keys: &[], scope: Scope::Always };
