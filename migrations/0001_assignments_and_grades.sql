CREATE TABLE `assignment_anchors` (
	`assignment_key` text NOT NULL,
	`number` integer NOT NULL,
	`anchor_id` text NOT NULL,
	`grade` text NOT NULL,
	`text` text NOT NULL,
	PRIMARY KEY(`assignment_key`, `number`)
);
--> statement-breakpoint
CREATE TABLE `assignments` (
	`key` text PRIMARY KEY NOT NULL,
	`owner` text NOT NULL,
	`assignment_id` text NOT NULL,
	`fingerprint` text NOT NULL,
	`title` text,
	`prompt` text,
	`instructions` text,
	`rubric` text,
	`grade_scale` text NOT NULL,
	`anchor_count` integer NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `assignments_newest` ON `assignments` (`created_at`,`key`);--> statement-breakpoint
CREATE INDEX `assignments_newest_of_owner` ON `assignments` (`owner`,`created_at`,`key`);--> statement-breakpoint
ALTER TABLE `batches` ADD `assignment_id` text;--> statement-breakpoint
ALTER TABLE `essay_results` ADD `anchor_id` text;--> statement-breakpoint
ALTER TABLE `essay_results` ADD `anchor_grade` text;--> statement-breakpoint
ALTER TABLE `essay_results` ADD `grade` text;--> statement-breakpoint
ALTER TABLE `essay_results` ADD `grade_projection` text;--> statement-breakpoint
ALTER TABLE `essay_results` ADD `review` text;