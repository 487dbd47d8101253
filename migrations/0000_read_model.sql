CREATE TABLE `batches` (
	`batch_id` text PRIMARY KEY NOT NULL,
	`seq` integer NOT NULL,
	`caller` text NOT NULL,
	`source` text NOT NULL,
	`bos_batch_id` text NOT NULL,
	`correlation_id` text NOT NULL,
	`user_id` text NOT NULL,
	`org_id` text,
	`state` text NOT NULL,
	`judge` text NOT NULL,
	`essay_count` integer NOT NULL,
	`total_comparisons` integer NOT NULL,
	`completed_comparisons` integer NOT NULL,
	`failed_comparisons` integer NOT NULL,
	`pending_comparisons` integer NOT NULL,
	`partial_scoring_triggered` integer NOT NULL,
	`forced_recovery` integer NOT NULL,
	`stop_reason` text,
	`failure_reason` text,
	`ranking_summary` text,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`completed_at` integer,
	`next_wake_at` integer
);
--> statement-breakpoint
CREATE INDEX `batches_newest` ON `batches` (`created_at`,`batch_id`);--> statement-breakpoint
CREATE INDEX `batches_newest_by_state` ON `batches` (`state`,`created_at`,`batch_id`);--> statement-breakpoint
CREATE INDEX `batches_newest_of_caller` ON `batches` (`caller`,`created_at`,`batch_id`);--> statement-breakpoint
CREATE INDEX `batches_newest_of_caller_by_state` ON `batches` (`caller`,`state`,`created_at`,`batch_id`);--> statement-breakpoint
CREATE INDEX `batches_failures` ON `batches` (`failure_reason`) WHERE failure_reason IS NOT NULL;--> statement-breakpoint
CREATE INDEX `batches_overdue` ON `batches` (`next_wake_at`) WHERE next_wake_at IS NOT NULL;--> statement-breakpoint
CREATE TABLE `dead_letters` (
	`id` text PRIMARY KEY NOT NULL,
	`source` text NOT NULL,
	`reason` text NOT NULL,
	`detail` text NOT NULL,
	`batch_id` text,
	`correlation_id` text,
	`payload` text,
	`payload_bytes` integer NOT NULL,
	`payload_sha256` text NOT NULL,
	`created_at` integer NOT NULL,
	`replayed_at` integer,
	`expires_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `dead_letters_newest` ON `dead_letters` (`created_at`,`id`);--> statement-breakpoint
CREATE INDEX `dead_letters_expired` ON `dead_letters` (`expires_at`);--> statement-breakpoint
CREATE INDEX `dead_letters_of_batch` ON `dead_letters` (`batch_id`);--> statement-breakpoint
CREATE INDEX `dead_letters_by_reason` ON `dead_letters` (`reason`);--> statement-breakpoint
CREATE TABLE `essay_results` (
	`batch_id` text NOT NULL,
	`number` integer NOT NULL,
	`essay_id` text NOT NULL,
	`rank` integer NOT NULL,
	`score` real NOT NULL,
	`standard_error` real NOT NULL,
	`comparisons` integer NOT NULL,
	`wins` integer NOT NULL,
	`is_anchor` integer NOT NULL,
	`rank_low` integer NOT NULL,
	`rank_high` integer NOT NULL,
	`tied_with_next` integer NOT NULL,
	`top_probability` real NOT NULL,
	`infit` real,
	`outfit` real,
	`infit_p` real,
	`outfit_p` real,
	PRIMARY KEY(`batch_id`, `number`)
);
--> statement-breakpoint
CREATE TABLE `published_events` (
	`event_id` text PRIMARY KEY NOT NULL,
	`batch_id` text NOT NULL,
	`seq` integer NOT NULL,
	`name` text NOT NULL,
	`topic` text NOT NULL,
	`status` text NOT NULL,
	`created_at` integer NOT NULL,
	`published_at` integer,
	`note` text
);
--> statement-breakpoint
CREATE INDEX `published_events_of_batch` ON `published_events` (`batch_id`,`seq`);--> statement-breakpoint
CREATE INDEX `published_events_by_status` ON `published_events` (`status`);